#!/usr/bin/env python3
"""A second verifier for a Ringfence ledger.

It shares no code with `ringfence verify`: Python's standard library, git and ssh-keygen are all it needs. It checks,
from the history alone and offline, that

  - each record follows from the one before, with nothing skipped, and its commit says what the record says;
  - each signature is good, by a key that was allowed at the time of the record;
  - each state is what all records so far add up to;
  - snapshots, policies and plans are the ones that the records name by their digests;
  - whatever started had been announced, was planned, and started inside its window and after its gate and canaries;
  - no more hosts of a ring were down than its policy allows;
  - a record that you have seen before is still there (--head).

It does not evaluate rules, so it cannot tell whether a plan is what the policy leads to: `ringfence verify` does that.

  python3 verify.py --tenant acme --allowed-signers trust/allowed_signers [--repo DIR] [--head COMMIT] [--rev REV]

Exit 0: nothing is wrong; 1: findings, one a line; 2: it could not look.
"""

import argparse
import base64
import collections
import datetime
import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

API = "ringfence.dev/v1"
STATE_VERSION = 2
SKEW = datetime.timedelta(minutes=2)
EMPTY = {
    "apiVersion": API, "kind": "State", "version": STATE_VERSION, "tenant": "", "seq": 0, "evidence": [], "missing": [], "failures": [],
    "occurrences": [], "inDoubt": [], "firstSeen": {}, "goneSince": {}, "durations": {}, "fences": {},
}
HEALTH = ("healthy", "failing", "unknown")
RETENTION = datetime.timedelta(days=180)
KEPT_AWAY = datetime.timedelta(days=400)


class Bad(Exception):
    """Something that cannot be read."""


# --- documents -------------------------------------------------------------------------------------------------------

def no_float(text):
    raise Bad("a number with a fraction: " + text)


def no_twins(pairs):
    out = dict(pairs)
    if len(out) != len(pairs):
        raise Bad("a key that is given twice")
    return out


def parse(raw, what):
    try:
        return json.loads(raw, parse_float=no_float, parse_constant=no_float, object_pairs_hook=no_twins)
    except (ValueError, RecursionError) as e:
        raise Bad(f"{what}: {e}") from e


def ordered(v):
    """RFC 8785 sorts keys by their UTF-16 code units."""
    if isinstance(v, dict):
        return {k: ordered(v[k]) for k in sorted(v, key=lambda k: k.encode("utf-16-be", "surrogatepass"))}
    if isinstance(v, list):
        return [ordered(x) for x in v]
    return v


def canonical(v):
    return json.dumps(ordered(v), ensure_ascii=False, separators=(",", ":")).encode()


def digest(raw):
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def document(raw, what, end=b"\n"):
    """A canonical document; what reads the same but is written differently is refused."""
    v = parse(raw, what)
    if canonical(v) + end != raw:
        raise Bad(what + ": it is not canonical JSON")
    return v


def instant(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
        raise Bad(f"{text!r} is no instant")
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def seconds(text):
    """Of a duration as Go writes it: 72h, 1h30m, 0s."""
    if not re.fullmatch(r"(\d+h)?(\d+m)?(\d+s)?", text) or not text:
        raise Bad(f"{text!r} is no duration")
    return sum(int(n) * {"h": 3600, "m": 60, "s": 1}[u] for n, u in re.findall(r"(\d+)([hms])", text))


# --- the history -----------------------------------------------------------------------------------------------------

class Objects:
    """Reads objects and compares each with its name."""

    def __init__(self, repo):
        self.git = ["git", "-C", repo]
        env = dict(os.environ, GIT_NO_REPLACE_OBJECTS="1", GIT_NO_LAZY_FETCH="1", LC_ALL="C")
        self.env = env
        self.cat = subprocess.Popen(self.git + ["cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self.known = {}

    def run(self, *args):
        done = subprocess.run(self.git + list(args), capture_output=True, env=self.env, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace").strip()

    def read(self, name, kind):
        if not re.fullmatch("[0-9a-f]{40}", name):
            raise Bad(f"{name!r} is no object name")
        if name in self.known:
            found, raw = self.known[name]
        else:
            self.cat.stdin.write(name.encode() + b"\n")
            self.cat.stdin.flush()
            head = self.cat.stdout.readline().split()
            if len(head) != 3:
                raise Bad(f"{name[:12]} is not here")
            found, raw = head[1].decode(), self.cat.stdout.read(int(head[2]))
            self.cat.stdout.read(1)
            if hashlib.sha1(b"%s %d\0" % (head[1], len(raw)) + raw).hexdigest() != name:
                raise Bad(f"{name[:12]} is damaged")
            self.known[name] = found, raw
        if found != kind:
            raise Bad(f"{name[:12]} is a {found}, not a {kind}")
        return raw

    def files(self, tree, prefix="", out=None):
        """Path to blob. Anything but plain files and folders is refused."""
        out = {} if out is None else out
        raw, at = self.read(tree, "tree"), 0
        while at < len(raw):
            space, nul = raw.index(b" ", at), raw.index(b"\0", at)
            mode, name, blob = raw[at:space], raw[space + 1:nul].decode(), raw[nul + 1:nul + 21].hex()
            at = nul + 21
            path = prefix + name
            if "/" in name or name in ("", ".", "..") or name.lower() == ".git" or path in out:
                raise Bad(f"a file called {path!r}")
            if mode == b"40000":
                self.files(blob, path + "/", out)
            elif mode == b"100644":
                out[path] = blob
            else:
                raise Bad(f"{path} is no plain file")
        return out


class Commit:
    def __init__(self, name, raw):
        self.name = name
        head, found, self.message = raw.partition(b"\n\n")
        if not found:
            raise Bad("a commit without end of its header")
        kept, self.signature, inside, signatures = [], None, False, 0
        for line in head.split(b"\n"):
            if inside and line.startswith(b" "):
                self.signature += line[1:] + b"\n"
                continue
            inside = line.startswith(b"gpgsig ")
            if inside:
                self.signature, signatures = line[7:] + b"\n", signatures + 1
            elif line.startswith(b"gpgsig"):
                raise Bad("a signature of another kind")
            else:
                kept.append(line)
        if signatures > 1:
            raise Bad("more than one signature")
        self.payload = b"\n".join(kept) + b"\n\n" + self.message
        words = [line.split(b" ", 1) for line in kept]
        self.tree = dict(w for w in words if len(w) == 2).get(b"tree", b"").decode()
        self.parents = [w[1].decode() for w in words if w[0] == b"parent"]
        lines = self.message.decode("utf-8", "replace").strip("\n").split("\n")
        self.subject = lines[0]
        self.trailers = [tuple(x.split(": ", 1)) for x in lines[1:] if ": " in x]

    def trailer(self, key):
        found = [v for k, v in self.trailers if k == key]
        return found[0] if len(found) == 1 else ""


class Step:
    """One record in its place."""

    def __init__(self, seq, commit, files, record, state):
        self.seq, self.commit, self.files, self.record, self.state = seq, commit, files, record, state


# --- what records add up to ------------------------------------------------------------------------------------------

RANK = {"started": 0, "in-doubt": 1, "failed": 2, "succeeded": 3, "skipped": 4}


class Reducer:
    """Says what a record means. Only applying is evidence; what was announced and has no outcome is in doubt."""

    def __init__(self, state, record):
        self.r, self.s = record, state
        self.rows = {(e["ring"], e["update"]): dict(e, platforms=list(e["platforms"]), onPlatforms=[dict(p) for p in e.get("onPlatforms", [])]) for e in state["evidence"]}
        self.missing = {(m["site"], m["ring"], m["update"]): m["hosts"] for m in state["missing"]}
        self.failures = {(f["host"], f["update"]): f for f in state["failures"]}
        self.doubts = {d["id"]: d for d in state["inDoubt"]}
        self.seen, self.gone, self.durations = dict(state["firstSeen"]), state["goneSince"], dict(state["durations"])
        self.times = {(o["ring"], o["lane"], o["window"], o["opens"]): o["hosts"] for o in state["occurrences"]}
        self.reboots = {r["host"]: r for r in state.get("reboots", [])}
        self.asleep = {(a["host"], a["update"]): a for a in state.get("asleep", [])}
        self.rings = state.get("rings", [])
        self.health = {(h["site"], h["ring"], h["update"]): [h.get(k, 0) for k in HEALTH] for h in state.get("health", [])}
        self.canaries = {(c["ring"], c["update"]): dict(c, hosts=list(c["hosts"])) for c in state.get("canaries", [])}
        self.away = [dict(a, caught=list(a.get("caught", []))) for a in state.get("away", [])]
        self.settled = None

    def row(self, ring, update):
        return self.rows.setdefault((ring, update), {
            "ring": ring, "update": update, "attempted": 0, "succeeded": 0, "failed": 0, "inDoubt": 0, "missing": 0,
            "firstAt": None, "succeededAt": None, "platforms": [], "onPlatforms": [],
        })

    def state(self):
        first = {}
        for a in self.r["actions"]:
            first[a["id"]] = min(first.get(a["id"], a["startedAt"]), a["startedAt"])
        for a in sorted(self.r["actions"], key=lambda a: (first[a["id"]], a["id"], RANK[a["status"]], canonical(a))):
            if self.r["phase"] == "note":
                self.late(a)
            else:
                self.action(a)
        if self.r.get("scan"):
            self.scan(self.r["scan"])
            self.forget(self.r["scan"]["seen"])
        return self.finish()

    def late(self, a):
        """An update turned out bad: a success is taken back."""
        if a["verb"] != "apply" or a["status"] != "failed":
            return
        for u in sorted({u["update"] for u in a["updates"]}):
            key = (a["host"], u)
            canary = self.silenced(a["ring"], u, a["host"]) or any(x.get(key, {}).get("canary") for x in (self.asleep, self.failures))
            known, open_ = key in self.failures, self.forget_asleep(*key)
            e = self.row(a["ring"], u)
            if open_:
                e["attempted"] += 1
                e["failed"] += 1
            elif not known:
                if e["succeeded"] == 0:
                    e["attempted"] += 1
                else:
                    e["succeeded"] -= 1
                    self.off(e, a.get("platform"))
                e["failed"] += 1
            self.fail(key, a["ring"], a["endedAt"] or self.r["at"], a["reason"], canary)

    def fail(self, key, ring, ended, reason, canary, untouched=False):
        last = self.failures.get(key, {"times": 0, "untouched": True})
        self.failures[key] = {"host": key[0], "ring": ring, "update": key[1], "at": ended, "times": last["times"] + 1, "reason": reason}
        if untouched and last.get("untouched"):
            self.failures[key]["untouched"] = True
        if canary:
            self.failures[key]["canary"] = True

    # Canaries: who goes first, and how it went there.

    def sang(self, ring, u, host, at):
        c = self.canaries.setdefault((ring, u), {"ring": ring, "update": u, "hosts": [], "succeededAt": at})
        c["succeededAt"] = max(c["succeededAt"], at)
        c["hosts"] = sorted(set(c["hosts"]) | {host})

    def silenced(self, ring, u, host):
        c = self.canaries.get((ring, u))
        if c is None or host not in c["hosts"]:
            return False
        c["hosts"].remove(host)
        if not c["hosts"]:
            del self.canaries[ring, u]
        return True

    def action(self, a):
        status, verb = a["status"], a["verb"]
        if status == "started":
            if verb in ("apply", "reboot", "hook"):
                self.announce(a)
        elif status == "in-doubt":
            if verb == "apply":
                self.announce(a)
        elif a["id"] != self.settled:
            self.settled = a["id"]
            self.settle(a)

    def announce(self, a):
        if a["id"] in self.doubts:
            return
        d = {"id": a["id"], "host": a["host"], "ring": a["ring"], "updates": [], "since": a["startedAt"]}
        if a["verb"] == "apply":
            d["updates"] = sorted({u["update"] for u in a["updates"]})
            self.occurred(a, 1)
            self.caught(a, True)
            first = sorted({u["update"] for u in a["updates"] if u.get("canary")})
            if first:
                d["canary"] = first
        if a["verb"] == "reboot":
            d["verb"] = "reboot"
            if a.get("bootBefore"):
                d["boot"] = a["bootBefore"]
        for u in d["updates"]:
            self.forget_asleep(d["host"], u)
            failed = self.failures.get((d["host"], u))
            if failed and self.row(failed["ring"], u)["failed"] > 0:
                self.row(failed["ring"], u)["failed"] -= 1
                self.row(failed["ring"], u)["attempted"] -= 1
            self.row(d["ring"], u)["attempted"] += 1
            self.row(d["ring"], u)["inDoubt"] += 1
        self.doubts[a["id"]] = d

    def settle(self, a):
        skipped = a["status"] == "skipped"
        started, ended = a["startedAt"], a["endedAt"] or self.r["at"]
        if not skipped:
            took = int((instant(ended) - instant(started)).total_seconds())
            if took > self.durations.get(a["verb"], 0):
                self.durations[a["verb"]] = took
        d = self.doubts.pop(a["id"], None)
        if d is None:
            return
        if skipped and d["updates"]:
            self.occurred(a, -1)
            self.caught(a, False)
        if a["verb"] == "reboot" and not skipped:
            self.rebooted(d, a["status"] == "succeeded", ended)
        for u in d["updates"]:
            e, key = self.row(d["ring"], u), (d["host"], u)
            e["inDoubt"] -= 1
            if skipped:
                e["attempted"] -= 1
                if key in self.failures:
                    back = self.row(self.failures[key]["ring"], u)
                    back["failed"] += 1
                    back["attempted"] += 1
                continue
            if a["status"] == "succeeded":
                place = (self.r["site"], d["ring"], u)
                self.missing[place] = self.missing.get(place, 0) - 1
                self.failures.pop(key, None)
                if a.get("awaitsReboot"):
                    e["inDoubt"] += 1  # until its reboot
                    self.sleep(d, u, a)
                else:
                    self.succeed(e, a.get("platform"), started, ended)
                    if u in d.get("canary", []):
                        self.sang(d["ring"], u, d["host"], ended)
            else:
                e["firstAt"] = min(e["firstAt"] or started, started)
                e["failed"] += 1
                canary = self.silenced(d["ring"], u, d["host"]) or u in d.get("canary", []) or self.failures.get(key, {}).get("canary")
                self.fail(key, d["ring"], ended, a["reason"], canary, a["hostState"] == "untouched")
                if a["hostState"] == "done" and not a.get("unhealthy"):
                    self.sleep(d, u, a)

    def succeed(self, e, platform, started, ended):
        self.unlooked(e["ring"], e["update"])
        e["firstAt"] = min(e["firstAt"] or started, started)
        e["succeeded"] += 1
        e["succeededAt"] = max(e["succeededAt"] or ended, ended)
        if not platform:
            return
        e["platforms"] = sorted({*e["platforms"], platform})
        counts = {p["platform"]: p["succeeded"] for p in e["onPlatforms"]}
        counts[platform] = counts.get(platform, 0) + 1
        e["onPlatforms"] = [{"platform": p, "succeeded": counts[p]} for p in sorted(counts)]

    @staticmethod
    def off(e, platform):
        """Takes a success back: on its platform, or where that is not known on each."""
        known = any(p["platform"] == platform for p in e["onPlatforms"])
        left = {p["platform"]: p["succeeded"] - (not known or p["platform"] == platform) for p in e["onPlatforms"]}
        e["platforms"] = [p for p in e["platforms"] if left.get(p, 1) > 0]
        e["onPlatforms"] = [{"platform": p, "succeeded": n} for p, n in sorted(left.items()) if n > 0]

    # Health: of a host on which something has just succeeded it is unknown until the next scan.

    def unlooked(self, ring, u):
        row = self.health.setdefault((self.r["site"], ring, u), [0, 0, 0])
        row[2] += 1

    def looked(self, rows):
        self.health = {k: n for k, n in self.health.items() if k[0] != self.r["site"]}
        for h in rows:
            row = self.health.setdefault((self.r["site"], h["ring"], h["update"]), [0, 0, 0])
            for i, k in enumerate(HEALTH):
                row[i] += h.get(k, 0)

    # Hosts that were away: which scans missed them, and whether they were caught up since.

    def missed_by(self, away):
        site, at = self.r["site"], self.r["at"]
        for a in self.away:
            if a["site"] == site and a["seen"] is None and a["host"] not in away:
                a["seen"] = at
        self.away = [a for a in self.away if a["seen"] is None or instant(at) - instant(a["seen"]) < KEPT_AWAY]
        gone = {a["host"] for a in self.away if a["site"] == site and a["seen"] is None}
        self.away += [{"host": h, "site": site, "since": at, "seen": None, "caught": []} for h in away if h not in gone]
        self.away.sort(key=lambda a: (a["host"], a["since"], a["site"]))
        self.away = [a for i, a in enumerate(self.away) if sum(b["host"] == a["host"] for b in self.away[i + 1:]) < 4]

    def caught(self, a, begun):
        for r in self.away if a.get("catchUp") and a["verb"] == "apply" else []:
            if r["host"] == a["host"]:
                r["caught"] = sorted(set(r["caught"]) - {a["lane"]} | ({a["lane"]} if begun else set()))

    # Reboots: what is installed and still lacks its reboot becomes a success with it.

    def sleep(self, d, u, a):
        self.asleep[d["host"], u] = {"host": d["host"], "ring": d["ring"], "update": u}
        if a.get("platform"):
            self.asleep[d["host"], u]["platform"] = a["platform"]
        if u in d.get("canary", []):
            self.asleep[d["host"], u]["canary"] = True

    def forget_asleep(self, host, u):
        a = self.asleep.pop((host, u), None)
        if a is None or (host, u) in self.failures:
            return False
        self.row(a["ring"], u)["inDoubt"] -= 1
        self.row(a["ring"], u)["attempted"] -= 1
        return True

    def wake(self, host, at):
        for key in sorted(k for k in self.asleep if k[0] == host):
            a = self.asleep.pop(key)
            e, failed = self.row(a["ring"], key[1]), self.failures.pop(key, None)
            if failed is None:
                e["inDoubt"] -= 1
            else:
                old = self.row(failed["ring"], key[1])
                if old["failed"] > 0:
                    old["failed"] -= 1
                    old["attempted"] -= 1
                e["attempted"] += 1
            self.succeed(e, a.get("platform"), at, at)
            if a.get("canary"):
                self.sang(a["ring"], key[1], host, at)

    def rebooted(self, d, well, ended):
        was = self.reboots.get(d["host"], {"times": 0, "failed": 0})
        now = {"host": d["host"], "ring": d["ring"], "at": ended, "times": was["times"] + 1, "failed": 0}
        if well:
            self.wake(d["host"], ended)
        else:
            now["failed"] = was["failed"] + 1
            if was["failed"] > 0:
                now["before"] = was["at"]
        self.reboots[d["host"]] = now

    def occurred(self, a, n):
        key = (a["ring"], a["lane"], a["window"], a["opens"])
        if a["window"] == "" or (key not in self.times and n < 0):
            return
        self.times[key] = self.times.get(key, 0) + n
        if self.times[key] <= 0:
            del self.times[key]

    def scan(self, scan):
        for u in scan["seen"]:
            self.seen.setdefault(u, self.r["at"])
        self.missing = {k: n for k, n in self.missing.items() if k[0] != self.r["site"]}
        unseen = [dict(m, update="") for m in scan.get("unseen", [])]  # hosts that may lack anything
        for m in scan["missing"] + unseen:
            key = (self.r["site"], m["ring"], m["update"])
            self.missing[key] = self.missing.get(key, 0) + m["hosts"]
        rings = [r for r in self.s.get("rings", []) if r["site"] != self.r["site"]]
        rings += [dict(r, site=self.r["site"]) for r in scan.get("rings", [])]
        self.rings = sorted(rings, key=lambda r: (r["site"], r["ring"]))
        for host in scan.get("awake", []):
            self.wake(host, self.r["at"])
        self.looked(scan.get("health", []))
        self.missed_by(scan.get("away", []))

    def forget(self, seen):
        """Drops what no scan has listed for long and nothing has happened to: history still has it."""
        listed = set(seen) | {k[2] for k, n in self.missing.items() if n > 0} | {u for d in self.doubts.values() for u in d["updates"]}
        listed |= {u for _, u in getattr(self, "asleep", ())}
        events = [(u, at) for u, at in self.seen.items()] + [(u, f["at"]) for (_, u), f in self.failures.items()]
        events += [(u, e[k]) for (_, u), e in self.rows.items() for k in ("firstAt", "succeededAt") if e[k]]
        newest, gone, now = {}, {}, instant(self.r["at"])
        for u, at in events:
            newest[u] = max(newest.get(u, at), at)
        for u in set(newest) - listed:
            gone[u] = self.gone.get(u, self.r["at"])
            if now - instant(gone[u]) >= RETENTION and now - instant(newest[u]) >= RETENTION:
                del gone[u]
                self.seen.pop(u, None)
                self.rows = {k: e for k, e in self.rows.items() if k[1] != u}
                self.canaries = {k: c for k, c in self.canaries.items() if k[1] != u}
                self.failures = {k: f for k, f in self.failures.items() if k[1] != u}
        self.gone = gone

    def finish(self):
        for e in self.rows.values():
            e["missing"] = 0
        left = {k: n for k, n in self.missing.items() if n > 0}
        for (_, ring, update), n in left.items():
            self.row(ring, update)["missing"] += n
        fences = dict(self.s["fences"])
        if self.r["fence"] > 0:
            fences[self.r["site"]] = max(fences.get(self.r["site"], 0), self.r["fence"])
        health = [dict(site=k[0], ring=k[1], update=k[2], **{name: x for name, x in zip(HEALTH, n) if x}) for k, n in sorted(self.health.items())
                  if self.rows.get((k[1], k[2]), {}).get("attempted", 0) > 0]
        occurrences = sorted(self.times.items(), key=lambda kv: (kv[0][3],) + kv[0][:3])
        late = {"reboots": [r for _, r in sorted(self.reboots.items())], "asleep": [a for _, a in sorted(self.asleep.items())], "rings": self.rings, "health": health,
                "canaries": [c for _, c in sorted(self.canaries.items())],
                "away": [{k: v for k, v in a.items() if k != "caught" or v} for a in self.away]}
        return dict(
            EMPTY, **{k: v for k, v in late.items() if v}, tenant=self.r["tenant"], seq=self.r["seq"],
            evidence=[{k: v for k, v in e.items() if v or k != "onPlatforms"} for _, e in sorted(self.rows.items()) if e["attempted"] or e["missing"]],
            missing=[{"site": k[0], "ring": k[1], "update": k[2], "hosts": n} for k, n in sorted(left.items())],
            failures=[f for _, f in sorted(self.failures.items())],
            occurrences=[{"ring": k[0], "lane": k[1], "window": k[2], "opens": k[3], "hosts": n} for k, n in occurrences][-200:],
            inDoubt=sorted(self.doubts.values(), key=lambda d: (d["host"], d["id"])), firstSeen=self.seen, goneSince=self.gone,
            durations=self.durations,
            fences=fences,
        )


# --- the verifier ----------------------------------------------------------------------------------------------------

class Verifier:
    def __init__(self, args):
        self.args, self.objects = args, Objects(args.repo)
        self.findings, self.signed, self.unsigned = [], 0, []
        self.steps, self.policy = [], None
        self.intents, self.order, self.runs = {}, [], {}
        self.base = None  # what the last state said, where it was of another version

    def found(self, code, seq, commit, text):
        safe = "".join(c if c.isprintable() else "\ufffd" for c in str(text))[:400]
        self.findings.append((seq, code, f"{code} record {seq} ({commit[:12]}): {safe}"))

    def verify(self):
        chain = self.walk()
        state, prev = EMPTY, None
        for seq, commit in enumerate(chain, 1):
            try:
                step = self.load(seq, commit, state)
            except (Bad, KeyError, TypeError, ValueError, AttributeError) as e:
                self.found("UNREADABLE", seq, commit.name, e)
                break
            try:
                self.check(step, prev)
            except (Bad, KeyError, TypeError, ValueError, AttributeError, IndexError) as e:
                self.found("UNREADABLE", seq, commit.name, e)
            state, prev = step.state, step
            self.steps.append(step)
        self.budgets()
        for step in self.unsigned:
            self.found("UNSIGNED", step.seq, step.commit.name, "no signature, and no signed record follows")

    def walk(self):
        code, name = self.objects.run("rev-parse", "--verify", "--quiet", "--end-of-options", self.args.rev + "^{commit}")
        if code:
            raise SystemExit(f"verify.py: there is no {self.args.rev}")
        chain = []
        while name:
            try:
                commit = Commit(name, self.objects.read(name, "commit"))
            except (Bad, ValueError) as e:
                self.found("CHAIN", 0, name, e)
                return []
            chain.append(commit)
            name = commit.parents[0] if commit.parents else ""
        chain.reverse()
        names = [c.name for c in chain]
        if self.args.head and self.args.head not in names:
            self.found("TRUNCATED", 0, self.args.head, "this record was seen and is not in the history")
        return chain

    def load(self, seq, commit, state):
        files = self.objects.files(commit.tree)
        record = document(self.objects.read(files["run/record.json"], "blob"), "run/record.json")
        if record["apiVersion"] != API or record["kind"] != "Record":
            raise Bad("run/record.json is no record")
        return Step(seq, commit, files, record, Reducer(state, record).state())

    def blob(self, step, name):
        if name not in step.files:
            raise Bad(name + " is not there")
        return self.objects.read(step.files[name], "blob")

    def check(self, s, prev):
        self.form(s)
        for name in s.files:
            if name != "state.json" and name.split("/")[0] not in ("run", "inputs", "snapshot"):
                self.found("TREE", s.seq, s.commit.name, name)
        self.state(s)
        self.clock(s, prev)
        self.fence(s)
        self.signature(s)
        self.descent(s)
        self.snapshots(s, prev)
        run = self.begin(s)
        if s.record["phase"] == "note":
            if any((a["verb"], a["status"]) != ("apply", "failed") for a in s.record["actions"]):
                self.found("NO_INTENT", s.seq, s.commit.name, "a note may only say that an update turned out bad")
            return
        for a in s.record["actions"]:
            if a["status"] != "started":
                self.outcome(s, run, a)
        for a in s.record["actions"]:
            if a["status"] == "started":
                self.announce(s, run, a)

    def state(self, s):
        """A state of another version cannot be recomputed. What rests on one is judged by what that one says."""
        raw = self.blob(s, "state.json") if "state.json" in s.files else b""
        base, self.base = self.base, None
        if raw == canonical(s.state) + b"\n":
            return
        rests = base and Reducer(base, s.record).state()
        other = self.other_version(s, raw)
        if other is None and not (rests and raw == canonical(rests) + b"\n"):
            self.base = base
            self.found("STATE", s.seq, s.commit.name, "state.json is not what the records so far add up to")
            return
        if other is not None and "version" not in other and canonical(other) == canonical({k: v for k, v in s.state.items() if k != "version"}):
            return
        if base is None:
            self.found("STATE_VERSION", s.seq, s.commit.name, "from here on, states were written by another version or rest on such: nothing proves them")
        self.base = rests if other is None else other if other.get("version", 0) < STATE_VERSION else s.state

    def other_version(self, s, raw):
        try:
            state = document(raw, "state.json")
        except (Bad, ValueError):
            return None
        version = state.get("version", 0)
        here = (state.get("apiVersion"), state.get("kind"), state.get("tenant"), state.get("seq")) == (API, "State", s.record["tenant"], s.seq)
        if not here or not isinstance(version, int) or version in (1, STATE_VERSION) or version < 0 or "version" in state and version == 0:
            return None
        return state

    def form(self, s):
        c, r = s.commit, s.record
        if len(c.parents) != min(s.seq - 1, 1):
            self.found("CHAIN", s.seq, c.name, f"{len(c.parents)} parents")
        if r["seq"] != s.seq or c.trailer("Ringfence-Seq") != str(s.seq):
            self.found("NUMBER", s.seq, c.name, f"it calls itself {r['seq']}, its commit {c.trailer('Ringfence-Seq')!r}")
        outcome = r.get("outcome", "") or c.trailer("Ringfence-Outcome")
        trailers = [
            ("Ringfence-Run", r["run"]), ("Ringfence-Plan", r.get("plan", "")), ("Ringfence-Policy", r["policy"]),
            ("Ringfence-Outcome", outcome), ("Ringfence-Seq", str(r["seq"])),
        ]
        when = int((instant(r["at"]) - datetime.datetime(1970, 1, 1)).total_seconds())
        who = f"Ringfence <ringfence@localhost> {when} +0000"
        text = f"tree {c.tree}\n" + "".join(f"parent {p}\n" for p in c.parents[:1]) + f"author {who}\ncommitter {who}\n\n{c.subject}\n\n"
        text += "".join(f"{k}: {v}\n" for k, v in trailers if v)
        if text.encode() != c.payload or r["tenant"] != self.args.tenant or not c.subject.startswith(self.args.tenant + ": "):
            self.found("FORM", s.seq, c.name, "its commit says something else than its record")

    def clock(self, s, prev):
        if prev is None or s.record.get("testClock") or prev.record.get("testClock"):
            return
        if instant(s.record["at"]) < instant(prev.record["at"]) - SKEW:
            self.found("CLOCK", s.seq, s.commit.name, f"{s.record['at']} is before {prev.record['at']}")

    def fence(self, s):
        high = s.state["fences"].get(s.record["site"], 0)
        if s.record["phase"] == "intent" and s.record["fence"] < high:
            self.found("FENCE", s.seq, s.commit.name, f"announced under fence {s.record['fence']}; {high} was granted before")

    # Signatures are ssh-keygen's business.

    def signature(self, s):
        if not self.args.allowed_signers:
            return
        if s.commit.signature is None:
            self.unsigned.append(s)
            return
        at = instant(s.record["at"])
        why = self.refused(s, at)
        if why and self.refused(s, at - SKEW):  # it may have been allowed when the signer's clock said so
            self.found("SIGNATURE", s.seq, s.commit.name, why)
            return
        for old in self.unsigned:
            if self.signed:
                self.found("UNSIGNED", old.seq, old.commit.name, "no signature, though records before it have")
        self.unsigned, self.signed = [], self.signed + 1

    def refused(self, s, at):
        lines = s.commit.signature.decode("ascii", "replace").split("\n")
        try:
            whole = base64.b64decode("".join(lines[1:-2]), validate=True)
        except ValueError:
            return "it is not base64"
        text = base64.b64encode(whole).decode()
        want = ["-----BEGIN SSH SIGNATURE-----"] + [text[i:i + 70] for i in range(0, len(text), 70)] + ["-----END SSH SIGNATURE-----", ""]
        if lines != want:
            return "it is not written as ssh-keygen writes it"
        at = "-Overify-time=" + at.strftime("%Y%m%d%H%M%SZ")
        with tempfile.NamedTemporaryFile() as f:
            f.write(s.commit.signature)
            f.flush()
            common = ["-f", self.args.allowed_signers, "-s", f.name, at]
            names = subprocess.run(["ssh-keygen", "-Y", "find-principals"] + common, capture_output=True, check=False)
            if names.returncode:
                return "its key is not allowed, or was not at that time: " + names.stderr.decode("utf-8", "replace").strip()
            for name in names.stdout.decode().split("\n")[:1]:
                done = subprocess.run(["ssh-keygen", "-Y", "verify", "-n", "git", "-I", name] + common, input=s.commit.payload, capture_output=True, check=False)
                if done.returncode == 0:
                    return ""
        return "it does not fit the record"

    def descent(self, s):
        commit = s.record["policyCommit"]
        if not self.args.policies or not commit:
            return
        run = self.runs.get((s.record["run"], s.record["site"]))
        if run and s.record["phase"] in ("wave", "end") and run["commit"] == commit:
            return  # a run's outcomes name the commit that it began with
        last = self.policy or commit
        git = ["git", "-C", self.args.policies, "merge-base", "--is-ancestor", last, commit]
        code = subprocess.run(git, capture_output=True, check=False).returncode if re.fullmatch("[0-9a-f]{40}", commit) else 128
        if code == 0:
            self.policy = commit
        else:
            self.found({1: "POLICY_BACK"}.get(code, "POLICY_GONE"), s.seq, s.commit.name, f"policy {commit[:12]} after {last[:12]}")

    def snapshots(self, s, prev):
        had, own = prev.files if prev else {}, f"snapshot/{s.record['site']}.jsonl"
        for name in sorted(set(s.files) | set(had)):
            if not name.startswith("snapshot/") or s.files.get(name) == had.get(name):
                continue
            if name not in s.files or name != own or s.record["phase"] not in ("scan", "wave"):
                self.found("SNAPSHOT", s.seq, s.commit.name, name + " was changed")
        scan = s.record.get("scan")
        if scan or s.files.get(own) != had.get(own):
            try:
                head, updates, hosts = self.snapshot(s, own)
            except (Bad, KeyError, ValueError, TypeError) as e:
                self.found("SNAPSHOT", s.seq, s.commit.name, e)
                return
            names = {state: [h["host"] for h in hosts if h["state"] == state] for state in ("scanned", "unreachable", "stale", "quarantined")}
            if s.record["phase"] == "scan" and not scan or scan and (
                    scan["snapshot"] != head["digest"] or scan["hosts"] != len(hosts) or scan["scanned"] != len(names["scanned"])
                    or any(scan[k] != names[k] for k in ("unreachable", "stale", "quarantined")) or scan["seen"] != [u["purl"] for u in updates]):
                self.found("SNAPSHOT", s.seq, s.commit.name, "its scan is of another snapshot")
            well = collections.Counter(updates[i["update"]]["purl"] for h in hosts
                                       if h["state"] == "scanned" and h.get("health") == "ok" for i in h["installed"])
            for h in (scan or {}).get("health", []):
                well[h["update"]] -= h.get("healthy", 0)
                if min(h.get(k, 0) for k in HEALTH) < 0 or well[h["update"]] < 0:
                    self.found("SNAPSHOT", s.seq, s.commit.name, f"it says that more hosts with {h['update']} are well than its snapshot has")

    def snapshot(self, s, name):
        lines = self.blob(s, name).split(b"\n")
        if lines.pop() != b"":
            raise Bad(name + " is cut short")
        head, *rest = [document(line, name, b"") for line in lines]
        bare = canonical({k: v for k, v in head.items() if k != "digest"}) + b"\n" + b"".join(line + b"\n" for line in lines[1:])
        if digest(bare) != head["digest"] or head["tenant"] != self.args.tenant or len(rest) != head["updates"] + head["hosts"]:
            raise Bad(name + " is not what its digest says")
        return head, rest[:head["updates"]], rest[head["updates"]:]

    # Runs, and what they start.

    def begin(self, s):
        r = s.record
        key = r["run"], r["site"]
        run = self.runs.get(key)
        if run is None and r["phase"] == "intent":
            run = self.runs[key] = self.open(s)
        elif run and r.get("plan") and r["plan"] != run["plan"]["digest"]:
            self.found("PLAN", s.seq, s.commit.name, "another plan than its run began with")
        return run

    def open(self, s):
        policy = document(self.blob(s, "inputs/policy.json"), "inputs/policy.json", b"")
        if digest(self.blob(s, "inputs/policy.json")) != s.record["policy"] or policy["tenant"] != self.args.tenant:
            self.found("INPUTS", s.seq, s.commit.name, "inputs/policy.json is not the policy that the record names")
        plan = parse(self.blob(s, "run/plan.json"), "run/plan.json")
        bare = digest(canonical({k: v for k, v in plan.items() if k != "digest"}))
        if bare != plan["digest"] or bare != s.record.get("plan") or plan["tenant"] != self.args.tenant:
            self.found("PLAN", s.seq, s.commit.name, "run/plan.json is not the plan that the record names")
        run = {"policy": policy, "plan": plan, "hosts": set(), "base": None, "commit": s.record["policyCommit"]}
        if "inputs/run.json" not in s.files:
            self.found("NOT_REPLAYED", s.seq, s.commit.name, "inputs/run.json is not there")
            return run
        run["input"] = document(self.blob(s, "inputs/run.json"), "inputs/run.json")
        base = [x for x in self.steps if x.commit.name == run["input"]["head"]]
        if not base or any("/" not in e["ring"] for e in run["input"]["foreign"]):
            self.found("INPUTS", s.seq, s.commit.name, "its run began at no record of this ledger")
            return run
        between = self.steps[base[0].seq:]
        if any(x.record["site"] == s.record["site"] and x.record["phase"] in ("scan", "intent", "wave") for x in between):
            self.found("INPUTS", s.seq, s.commit.name, "its run judged by an older record than the newest")
            return run
        run["base"] = base[0]
        return run

    def announce(self, s, run, a):
        if s.record["phase"] != "intent" or run is None:
            self.found("NO_INTENT", s.seq, s.commit.name, f"{a['host']} was started in a record of phase {s.record['phase']}")
            return
        old = self.intents.get(a["id"])
        if old and old["status"] != "skipped":
            self.found("TWICE", s.seq, s.commit.name, f"{a['host']} was announced in record {old['seq']} already")
            return
        at = instant(s.record["at"])  # by the announcer's own clock it may have been earlier
        told = max(min(instant(a["startedAt"]), at), at - SKEW).strftime("%Y-%m-%dT%H:%M:%SZ")
        i = {"a": a, "seq": s.seq, "at": s.record["at"], "site": s.record["site"], "run": run, "test": s.record.get("testClock"), "status": "started", "begun": None, "ended": None, "last": 0, "wave": None}
        self.intents[a["id"]] = i
        self.order.append(i)
        run["hosts"].add(a["host"])
        if a["verb"] not in ("apply", "reboot"):
            return
        for ring in run["plan"]["rings"]:
            for w in ring["waves"]:
                if (ring["ring"], ring["lane"], w["wave"], w["window"], w["opens"]) == (a["ring"], a["lane"], a["wave"], a["window"], a["opens"]) \
                        and a["host"] in w["hosts"] and carries(run["plan"]["changes"][w["change"]], a):
                    i["wave"] = w
        if i["wave"] is None:
            self.found("NOT_PLANNED", s.seq, s.commit.name, f"{a['host']} in {a['ring']} with these updates")
        held = {b["update"] for b in run.get("input", {}).get("breaks", [])}
        if any(u["update"] in held for u in a["updates"]):
            self.found("BREAKER", s.seq, s.commit.name, f"{a['host']} was started with an update that the breaker held")
        self.in_window(s, i, told)
        self.gate(s, i)
        self.first(s, i)
        self.present(s, i)

    def present(self, s, i):
        """Who was caught up had been away and was not before; who was to be left out of an occurrence was."""
        a, policy = i["a"], i["run"]["policy"]
        lane = next((x for x in policy["lanes"] if x["lane"] == a["lane"]), {})
        ring = next((r for r in policy["rings"] if r["ring"] == a["ring"]), {})
        rule = {} if lane.get("window") or lane.get("windows") else ring.get("catchUp", {})
        rows = [x for x in self.steps[-1].state.get("away", []) if x["host"] == a["host"]]
        if a["verb"] != "apply":
            return
        if a.get("catchUp"):
            due = any(x["seen"] is not None and a["lane"] not in x.get("caught", []) for x in rows)
            if rule.get("as") != "as-soon-as-seen" or a["window"] != rule.get("within") or not due:
                self.found("WINDOW", s.seq, s.commit.name, f"{a['host']} was not to be caught up in {a['window']}")
        elif rule.get("as") == "skip":
            names = ring.get("windows", [ring.get("window")])
            always = any(w["window"] in names and w.get("always") for w in policy["windows"])
            if not always and any(x["seen"] is None or x["seen"] > a["opens"] for x in rows):
                self.found("WINDOW", s.seq, s.commit.name, f"{a['host']} was away while its window was open")

    # Canaries: no more than the lane says, none beside one that failed or is in doubt, and nobody else before them.

    def first(self, s, i):
        a, run = i["a"], i["run"]
        lane = next((x for x in run["policy"]["lanes"] if x["lane"] == a["lane"]), {})
        need = amount(lane["canary"], len(ring_hosts(run["policy"], a["ring"]))) if lane.get("canary") else 0
        if run["base"] is None or need == 0 and not any(u.get("canary") for u in a["updates"]):
            return
        before = self.steps[-1].state
        busy = {x["a"]["id"] for x in self.order if x["status"] == "started"}
        for u in a["updates"]:
            name = u["update"]
            then, now = sung(before, a["ring"], name, set()), sung(before, a["ring"], name, busy)
            if u.get("canary"):
                if any((f["host"], f["update"]) == (a["host"], name) and f.get("canary") for f in before["failures"]):
                    continue
                ahead = s.record["actions"][:s.record["actions"].index(a)]
                same = sum(x["ring"] == a["ring"] and any(y["update"] == name and y.get("canary") for y in x["updates"]) for x in ahead)
                if now["bad"] or then["good"] + then["doubt"] + same >= need:
                    self.found("GATE", s.seq, s.commit.name, f"{name} in {a['ring']}: {a['host']} may not go first")
                continue
            base = sung(run["base"].state, a["ring"], name, set())
            soak = datetime.timedelta(seconds=seconds(lane.get("soak", "0s")))
            ready = base["good"] >= need and not base["bad"] and (not soak or instant(base["at"]) + soak <= instant(run["input"]["at"]))
            if not ready or now["good"] < need or now["bad"]:
                self.found("GATE", s.seq, s.commit.name, f"{name} in {a['ring']}: {a['host']} did not wait for the canaries")

    def in_window(self, s, i, at):
        w = i["wave"]
        if w and (at < w["opens"] or (w["closes"] and at >= w["closes"])):
            self.found("WINDOW", s.seq, s.commit.name, f"{i['a']['host']} at {at}, its occurrence is {w['opens']} to {w['closes']}")

    def outcome(self, s, run, a):
        i = self.intents.get(a["id"])
        if i is None:
            if a["verb"] not in ("apply", "reboot") and run and a["host"] in run["hosts"] or a["status"] == "skipped":
                return
            self.found("NO_INTENT", s.seq, s.commit.name, f"{a['verb']} on {a['host']} was never announced")
            return
        if i["status"] not in ("started", "in-doubt"):
            return  # a runner that was overtaken may come late; only the first outcome counts
        updates = [sorted({u["update"] for u in x["updates"]}) for x in (a, i["a"])]
        if (a["host"], a["ring"], updates[0]) != (i["a"]["host"], i["a"]["ring"], updates[1]):
            self.found("OTHER_ACTION", s.seq, s.commit.name, f"{a['host']} ended something else than was announced")
        ended = a["endedAt"] or s.record["at"]
        if instant(ended) > instant(s.record["at"]) + SKEW or instant(ended) < instant(a["startedAt"]) - SKEW and not (s.record.get("testClock") or i["test"]):
            self.found("CLOCK", s.seq, s.commit.name, f"{a['host']} ended at {ended}")
        i["status"] = a["status"]
        if a["status"] != "in-doubt":
            i["ended"], i["last"] = ended, s.seq
        if a["window"] and a["status"] != "skipped" and a["verb"] in ("apply", "reboot"):
            i["begun"] = a["startedAt"]
            if instant(a["startedAt"]) < instant(i["at"]) - SKEW:
                self.found("NO_INTENT", s.seq, s.commit.name, f"{a['host']} started before it was announced")
            self.in_window(s, i, a["startedAt"])

    # Gates, as they stood when the run judged its plan.

    def gate(self, s, i):
        run, a = i["run"], i["a"]
        ring = next((r for r in run["policy"]["rings"] if r["ring"] == a["ring"]), None)
        if run["base"] is None or ring is None:
            return
        _, updates, hosts = self.snapshot(run["base"], f"snapshot/{s.record['site']}.jsonl")

        def opened(q, update):
            soak = next((x["soak"] for x in run["policy"]["lanes"] if x["lane"] == a["lane"] and x.get("soak")), q["soak"])
            e = self.evidence(run, q, update, s.record["site"], updates, hosts)
            if not covers(e, q, self.platforms(run, a["ring"], update, s.record["site"], updates, hosts)):
                return False
            if not self.reached(run, q, s.record["site"], hosts):
                return False
            if q.get("healthy") and not self.well(run, q, e, update, s.record["site"], updates, hosts):
                return False
            return passes(e, q, seconds(soak), instant(run["input"]["at"]))

        for u in a["updates"]:
            for q in ring["requires"]:
                if not opened(q, u["update"]):
                    self.found("GATE", s.seq, s.commit.name, f"{u['update']} in {a['ring']}: {q['ring']} had not passed")
            either = ring.get("requiresAny", [])
            if either and not any(all(opened(q, u["update"]) for q in x) for x in either):
                self.found("GATE", s.seq, s.commit.name, f"{u['update']} in {a['ring']}: no alternative had passed")

    def platforms(self, run, ring, update, site, updates, hosts):
        """Of the hosts of a ring that lacked an update."""
        seen = {h["host"]: h for h in hosts if h["state"] == "scanned" and any(updates[m["update"]]["purl"] == update for m in h["missing"])}
        return {seen[h["name"]]["os"] for h in ring_hosts(run["policy"], ring) if site_of(h) == site and h["name"] in seen}

    def reached(self, run, q, site, hosts):
        """Whether the newest scans reached enough hosts of a required ring."""
        need = q.get("minReported")
        if not need:
            return True
        key = q["tenant"] + "/" + q["ring"] if "tenant" in q else q["ring"]
        if "tenant" in q:
            row = next((e for e in run["input"]["foreign"] if (e["ring"], e["update"]) == (key, "")), {})
            size, reached = row.get("hosts", 0), row.get("reported", 0)
            if size == 0:
                return False
        else:
            members = ring_hosts(run["policy"], key)
            seen = {h["host"] for h in hosts if h["state"] == "scanned"}
            size, reached = len(members), sum(h["name"] in seen for h in members)
            if any(site_of(h) != site for h in members):
                state = run["base"].state
                known = sum(r["hosts"] for r in state.get("rings", []) if r["ring"] == key)
                unseen = sum(e["missing"] for e in state["evidence"] if (e["ring"], e["update"]) == (key, ""))
                size, reached = max(known, len(members)), min(max(0, known - unseen), len(members))
        return reached <= size and reached >= need.get("count", 0) and reached * 100 >= need.get("percent", 0) * size

    def well(self, run, q, e, update, site, updates, hosts):
        """Whether the hosts that have an update are known to be well: all of a ring, of the pool so many and a share."""
        need = max(1, q["minSucceeded"])
        if "tenant" in q:
            good, bad, unknown = (e.get(k, 0) for k in ("healthy", "unhealthy", "healthUnknown"))
        else:
            rows = [h for h in run["base"].state.get("health", []) if (h["ring"], h["update"]) == (q["ring"], update)]
            good, bad, unknown = (sum(h.get(k, 0) for h in rows) for k in HEALTH)
            seen = {h["host"]: h for h in hosts if any(updates[i["update"]]["purl"] == update for i in h["installed"])}
            here = [seen[h["name"]] for h in ring_hosts(run["policy"], q["ring"]) if site_of(h) == site and h["name"] in seen]
            fails = [h for h in here if h["state"] == "scanned" and h.get("health") == "failing"]
            bad = max(bad, len(fails))
            unknown = max(unknown, sum(h["state"] != "scanned" or h.get("health") not in ("ok", "failing") for h in here))
        if min(good, bad, unknown) < 0:
            return False
        if q.get("tenant") == "*":
            return good >= need and good * 100 >= q["succeeded"] * (good + bad)
        return bad == 0 and unknown == 0 and good >= min(need, e["succeeded"])

    def evidence(self, run, q, update, site, updates, hosts):
        foreign = "tenant" in q
        key = q["tenant"] + "/" + q["ring"] if foreign else q["ring"]
        rows = run["input"]["foreign"] if foreign else run["base"].state["evidence"]
        e = next((dict(e) for e in rows if (e["ring"], e["update"]) == (key, update)), None) or {
            "attempted": 0, "succeeded": 0, "failed": 0, "inDoubt": 0, "missing": 0, "succeededAt": None}
        if foreign:
            e["missing"] += sum(x["missing"] for x in rows if (x["ring"], x["update"]) == (key, ""))
        else:
            lacks, elsewhere = 0, False
            seen = {h["host"]: h for h in hosts}
            for h in ring_hosts(run["policy"], key):
                if site_of(h) != site:
                    elsewhere = True
                    continue
                x = seen.get(h["name"])
                lacks += x is None or x["state"] != "scanned" or any(updates[m["update"]]["purl"] == update for m in x["missing"])
            e["missing"] = max(lacks, e["missing"]) if elsewhere else lacks
        return e

    # Budgets: how many hosts of a ring were down when one more started.

    def budgets(self):
        places = {}
        for i in self.order:
            if i["a"]["verb"] in ("apply", "reboot") and i["status"] != "skipped":
                places.setdefault((i["site"], i["a"]["ring"]), []).append(i)
        for (site, ring), list_ in sorted(places.items()):
            for i in list_:
                rule = next((r for r in i["run"]["policy"]["rings"] if r["ring"] == ring), None)
                if not i["begun"] or rule is None:
                    continue
                at = i["begun"]
                down = {x["a"]["host"] for x in list_ if self.overlaps(x, i, at)} | {i["a"]["host"]}
                size = sum(site_of(h) == site for h in ring_hosts(i["run"]["policy"], ring))
                most = amount(rule["maxUnavailable"], size)
                if len(down) > most:
                    self.found("BUDGET", i["seq"], self.steps[i["seq"] - 1].commit.name, f"{len(down)} hosts of {ring} were down at {at}, {most} may be")

        self.pools()

    def pools(self):
        """The same for each value of a label that a ring bounds, and for quorum groups and their sequences."""
        for i in self.order:
            if i["a"]["verb"] not in ("apply", "reboot") or i["status"] == "skipped" or not i["begun"]:
                continue
            for name, hosts, most, before in pools_of(i["run"]["policy"], i["site"], i["a"]["host"]):
                down = {x["a"]["host"] for x in self.order if x["site"] == i["site"] and x["a"]["host"] in hosts and x["status"] != "skipped"
                        and x["a"]["verb"] in ("apply", "reboot") and self.overlaps(x, i, i["begun"])} | {i["a"]["host"]}
                if before is not None and i["run"]["base"] is not None:
                    _, _, seen = self.snapshot(i["run"]["base"], f"snapshot/{i['site']}.jsonl")
                    down |= hosts - {h["host"] for h in seen if h["state"] == "scanned"}
                early = [x["a"]["host"] for x in self.order if x["run"] is i["run"] and x["a"]["host"] in (before or [])
                         and not (x["a"]["verb"] == "reboot" and x["status"] == "skipped")
                         and not (x["status"] == "succeeded" and x["ended"] is not None and x["ended"] <= i["begun"])]
                if early:
                    self.found("BUDGET", i["seq"], self.steps[i["seq"] - 1].commit.name, f"{i['a']['host']} started before {early[0]} had succeeded, which stands before it in {name}")
                if len(down) > most:
                    self.found("BUDGET", i["seq"], self.steps[i["seq"] - 1].commit.name, f"{len(down)} hosts of {name} were down at {i['begun']}, {most} may be")

    @staticmethod
    def overlaps(x, i, at):
        """Whether x was down when i started. Of one run, what has no known start may never have started."""
        over = 0 < x["last"] < i["seq"] or 0 < i["last"] < x["seq"]  # by the order of records, whatever a test clock says
        return not over and (x["begun"] or x["at"]) <= at and (x["ended"] is None or x["ended"] > at) and (x["begun"] or x["run"] is not i["run"])


def carries(change, a):
    """Whether an action is of a change: all of its updates, or the reboot that it foresees."""
    if a["verb"] == "reboot":
        return change["reboot"] == "if-required" and a["updates"] == []
    return change["updates"] != [] and change["updates"] == a["updates"]


def site_of(host):
    return next((x["value"] for x in host["labels"] if x["key"] == "site" and x["value"]), "main")


def ring_hosts(policy, ring):
    """Hosts that this ring alone selects."""
    def rings(h):
        labels = {x["key"]: x["value"] for x in h["labels"]}
        return [r["ring"] for r in policy["rings"] if selects(r, h["name"], labels)]
    return [h for h in policy["hosts"] if rings(h) == [ring]]


def selects(ring, host, labels):
    """Whether a ring's labels and share take a host."""
    share = ring.get("share")
    if not labelled(ring, labels):
        return False
    if share is None:
        return True
    place = int.from_bytes(hashlib.sha256(f"{share['seed']}/{host}".encode()).digest()[:8], "big") % 100
    return share["from"] <= place < share["to"]


def labelled(what, labels):
    """Whether a host's labels are those that a ring or group asks for."""
    by = what.get("selectBy", [])
    equal = all(labels.get(x["key"], "") == x["value"] for x in what["select"])
    return bool(what["select"] or by) and equal and all(holds(x, labels.get(x["key"], "")) for x in by)


def holds(choice, value):
    return ("in" in choice or "not" in choice or "glob" in choice) and value in choice.get("in", [value]) \
        and value not in choice.get("not", []) and fnmatch.fnmatchcase(value, choice.get("glob", "*"))


def amount(rule, n):
    """How many of n hosts a count or a percentage allows: rounded down, at least one."""
    return rule.get("count") or max(1, n * rule.get("percent", 0) // 100)


def pools_of(policy, site, host):
    """The bounds of a site beside those of rings that a host is under: name, hosts, how many may be down, and of a group
    who must come before the host."""
    for group in policy.get("groups", []):
        chosen = [h for h in policy["hosts"] if labelled(group, {x["key"]: x["value"] for x in h["labels"]})]
        here = {h["name"] for h in chosen if site_of(h) == site}
        if host in here:
            rule = group["minHealthy"]
            need = rule.get("count") or -(-len(here) * rule.get("percent", 0) // 100)
            order = [h for h in group.get("sequence", []) if h in here]
            order += sorted(here - set(order)) if order else []
            most = max(0, len(here) - need) if len(here) == len({h["name"] for h in chosen}) else 0
            yield f"group/{group['group']}", here, most, order[:order.index(host)] if order else []
    for ring in policy["rings"]:
        members = [h for h in ring_hosts(policy, ring["ring"]) if site_of(h) == site]
        for bound in ring.get("maxUnavailablePer", []):
            values = {h["name"]: next((x["value"] for x in h["labels"] if x["key"] == bound["label"]), "") for h in members}
            if host in values:
                same = {h for h, value in values.items() if value == values[host]}
                yield f"{ring['ring']}/{bound['label']}={values[host]}", same, amount(bound["maxUnavailable"], len(same)), None


def sung(state, ring, update, busy):
    """How an update went on the canaries of a ring; what is merely under way is no doubt."""
    rows = [c for c in state.get("canaries", []) if (c["ring"], c["update"]) == (ring, update)]
    failed = {(f["host"], f["update"]) for f in state["failures"]}
    doubt = sum(d["ring"] == ring and update in d.get("canary", []) and d["id"] not in busy for d in state["inDoubt"])
    doubt += sum((x["ring"], x["update"]) == (ring, update) and bool(x.get("canary")) and (x["host"], update) not in failed for x in state.get("asleep", []))
    bad = sum((f["ring"], f["update"]) == (ring, update) and bool(f.get("canary")) for f in state["failures"])
    return {"good": sum(len(c["hosts"]) for c in rows), "doubt": doubt, "bad": bad + doubt, "at": rows[0]["succeededAt"] if rows else None}


def covers(e, q, wanted):
    """Whether it succeeded on every platform that is asked for; one that is not known is covered by nothing."""
    asked = wanted if q.get("samePlatform") else set(q.get("platforms", []))
    if not q.get("eachPlatform"):
        return asked <= set(e.get("platforms", [])) - {""}
    on = {p["platform"]: p for p in e.get("onPlatforms", [])}
    return all(p and p in on and on[p]["succeeded"] >= max(1, q["minSucceeded"]) and on[p].get("tenants", 0) >= q.get("tenants", 0) for p in asked)


def passes(e, q, soak, at):
    need = max(1, q["minSucceeded"])
    untested = e["attempted"] + e["missing"] < need and q.get("tenant") != "*"
    if e.get("tenants", 0) < q.get("tenants", 0):
        return False
    if sum(p["succeeded"] for p in e.get("onPlatforms", [])) > e["succeeded"]:
        return False
    if e["inDoubt"] > 0 and q.get("tenant") != "*" or e["succeeded"] + e["failed"] + e["inDoubt"] > e["attempted"] or e["succeeded"] * 100 < q["succeeded"] * e["attempted"]:
        return False
    if untested and q["ifUntested"] != "approve" or not untested and e["succeeded"] < need:
        return False
    if soak <= 0 or untested and e["succeeded"] == 0:
        return True
    return e["succeededAt"] is not None and instant(e["succeededAt"]) + datetime.timedelta(seconds=soak) <= at


def main():
    p = argparse.ArgumentParser(description="Verify a Ringfence ledger offline.", epilog="See the head of this file for what is checked.")
    p.add_argument("--repo", default=".", help="the repository that holds the ledger (default: here)")
    p.add_argument("--tenant", required=True)
    p.add_argument("--rev", help="the newest record to look at (default: the tenant's branch, here or at origin)")
    p.add_argument("--allowed-signers", help="whose signatures count, in OpenSSH's format; without it signatures are not judged")
    p.add_argument("--policies", help="the policy repository; without it the order of policy commits is not judged")
    p.add_argument("--head", help="the commit of a record that you have seen: it must be in the history")
    args = p.parse_args()
    branch = "ringfence/ledger/" + args.tenant
    if args.allowed_signers and not os.access(args.allowed_signers, os.R_OK):
        print(f"verify.py: {args.allowed_signers} cannot be read: name the list of whose signatures count, or leave it out", file=sys.stderr)
        return 2
    if not args.rev:
        tries = ["refs/heads/" + branch, "refs/remotes/origin/" + branch]
        here = [r for r in tries if subprocess.run(["git", "-C", args.repo, "rev-parse", "-q", "--verify", r], capture_output=True, check=False).returncode == 0]
        if not here:
            print(f"verify.py: {args.repo} has no branch {branch}", file=sys.stderr)
            return 2
        args.rev = here[0]
    v = Verifier(args)
    v.verify()
    findings = sorted(set(v.findings))
    for _, _, line in findings:
        print(line)
    if not args.allowed_signers:
        print("not judged: signatures, since no list of allowed signers was named", file=sys.stderr)
    print(f"{args.tenant}: {len(v.steps)} records, {v.signed} signed, {len(findings)} findings", file=sys.stderr)
    return 1 if v.findings else 0


if __name__ == "__main__":
    sys.exit(main())
