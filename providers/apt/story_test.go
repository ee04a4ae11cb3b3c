package apt

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/ringfence/ringfence/providers"
)

// story is what the tests tell of one host: a scan, a preview and an installation of one target, and a second scan.
// It is told twice, from recorded outputs (TestRecorded) and by real hosts (TestLab), with the same words expected.
type story struct {
	name    string
	target  string // package to update; none: the story ends after the first scan
	version string // instead of the version that the scan found
	from    string // instead of the version that the host has
	closure bool   // apply with what the preview saw
}

// teller runs a story. between is called before the second phase and every later one, with its name.
type teller struct {
	story
	x       providers.Exec
	between func(phase string) error
}

// The phases of a story; "after" begins when an installation has run.
const (
	phaseScan    = "scan"
	phasePreview = "preview"
	phaseApply   = "apply"
	phaseAfter   = "after"
	phaseRescan  = "rescan"
)

var phases = []string{phaseScan, phasePreview, phaseApply, phaseAfter, phaseRescan}

// tell returns one text for each phase.
func (s teller) tell(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	first, err := New().Scan(ctx, providers.ScanRequest{Refresh: true}, s.x)
	out[phaseScan] = scanWords(first, err)
	if s.target == "" || err != nil {
		return out, nil
	}
	req := providers.ChangeRequest{ActionID: "a1", Targets: s.targets(first)}
	if err := s.between(phasePreview); err != nil {
		return nil, err
	}
	preview, err := New().Preview(ctx, req, s.x)
	out[phasePreview] = previewWords(preview, err)
	if s.closure {
		req.Closure = preview.Actions
	}
	if err := s.between(phaseApply); err != nil {
		return nil, err
	}
	result, err := New().Apply(ctx, req, s.x)
	out[phaseApply] = resultWords(result, err)
	if err := s.between(phaseRescan); err != nil {
		return nil, err
	}
	second, err := New().Scan(ctx, providers.ScanRequest{}, s.x)
	out[phaseRescan] = scanWords(second, err)
	return out, nil
}

func (s teller) targets(scan providers.HostScan) []providers.Target {
	t := providers.Target{Name: s.target, Arch: "all", From: s.from, To: s.version}
	for _, m := range scan.Missing {
		if m.Update.Name == s.target {
			t = providers.Target{PURL: m.Update.PURL, Name: m.Update.Name, Arch: m.Update.Arch, From: m.From, To: m.Update.Version}
		}
	}
	if s.version != "" {
		t.To = s.version
	}
	if s.from != "" {
		t.From = s.from
	}
	return []providers.Target{t}
}

func scanWords(scan providers.HostScan, err error) string {
	if err != nil {
		return "error: " + normal(err.Error()) + "\n"
	}
	lines := []string{"os " + scan.OS}
	for _, m := range scan.Missing {
		words := []string{"missing", m.Update.PURL, "from", m.From, m.Update.Class, m.Update.Origin}
		if m.Held {
			words = append(words, "held")
		}
		lines = append(lines, strings.Join(words, " "))
	}
	lines = appendAll(lines, "held", scan.Held)
	lines = appendAll(lines, "reboot", scan.RebootWhy)
	return text(appendAll(lines, "note", scan.Notes))
}

func previewWords(p providers.Preview, err error) string {
	if err != nil {
		return "error: " + normal(err.Error()) + "\n"
	}
	lines := appendAll(actionWords(p.Actions), "held", p.Held)
	if p.DownloadBytes > 0 {
		lines = append(lines, "download")
	}
	if p.Reboot.Required {
		lines = append(lines, "reboot "+p.Reboot.Why)
	}
	return text(lines)
}

func resultWords(r providers.Result, err error) string {
	if err != nil {
		return "error: " + normal(err.Error()) + "\n"
	}
	lines := append([]string{string(r.State)}, actionWords(r.Actions)...)
	if r.Reason != "" {
		lines = append(lines, "reason "+r.Reason)
	}
	if r.Reboot.Required {
		lines = append(lines, "reboot "+r.Reboot.Why)
	}
	if len(r.Log) > 0 {
		lines = append(lines, "log")
	}
	return text(lines)
}

func actionWords(list []providers.Action) []string {
	var out []string
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s %s:%s %s -> %s", a.Op, a.Name, a.Arch, orNone(a.From), orNone(a.To)))
	}
	return out
}

func appendAll(lines []string, word string, more []string) []string {
	for _, m := range more {
		lines = append(lines, word+" "+m)
	}
	return lines
}

func text(lines []string) string {
	return normal(strings.Join(lines, "\n")) + "\n"
}

// normal hides what differs from one day or lab to the next: keys, ages, and the versions of the real updates, which
// are whatever Debian's archive had when the lab was built.
func normal(s string) string {
	for _, r := range variable {
		s = r.what.ReplaceAllString(s, r.by)
	}
	return s
}

var variable = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`(libexpat1|liblzma5|libpcre2-8-0|tzdata)(:\w+ | |@)[0-9][^ ?]*`), "$1${2}…"},
	{regexp.MustCompile(`(…\S*|…) (from|->) [0-9]\S*`), "$1 $2 …"},
	{regexp.MustCompile(`NO_PUBKEY [0-9A-F]+`), "NO_PUBKEY …"},
	{regexp.MustCompile(`invalid since [^)]*`), "invalid since …"},
	{regexp.MustCompile(`\[IP: [^\]]*\]`), "[IP …]"},
	{regexp.MustCompile(`held by process \d+`), "held by process …"},
}

// stories are told in TestRecorded and TestLab.
var stories = []story{
	{name: "real", target: "tzdata"},
	{name: "done-before", target: "lab-good"},
	{name: "badpost", target: "lab-badpost"},
	{name: "badpre", target: "lab-badpre"},
	{name: "held", target: "lab-held"},
	{name: "newdep", target: "lab-newdep"},
	{name: "newdep-closure", target: "lab-newdep", closure: true},
	{name: "remover", target: "lab-remover"},
	{name: "remover-closure", target: "lab-remover", closure: true},
	{name: "phased"},
	{name: "unsigned"},
	{name: "wrongkey"},
	{name: "expired"},
	{name: "security-expired"},
	{name: "mirror-down"},
	{name: "trusted-source"},
	{name: "conffile", target: "lab-conffile"},
	{name: "debconf", target: "lab-debconf"},
	{name: "reboot", target: "lab-reboot"},
	{name: "badhash", target: "lab-badhash"},
	{name: "gone", target: "lab-gone"},
	{name: "vanished", target: "lab-good"},
	{name: "cut", target: "lab-big"},
	{name: "lock", target: "lab-good"},
	{name: "interrupted", target: "lab-good"},
	{name: "diskfull", target: "lab-big"},
	{name: "rootfull", target: "lab-big"},
	{name: "changed", target: "lab-good", from: "0.9"},
	{name: "downgrade", target: "lab-good", version: "1.0", from: "1.1"},
}
