package gitrepo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRefusals pushes to remotes that do not want it. None of them may be taken for a race, which would be tried again.
func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		arrange func(t *testing.T, dir, bare string)
		kind    error
		words   string
	}{
		"a hook": {func(t *testing.T, _, bare string) {
			script(t, filepath.Join(bare, "hooks/pre-receive"), "echo 'frozen\x1b[31m: stale info' >&2; exit 1")
		}, ErrRemoteRefused, "pre-receive hook declined"},
		"an update hook": {func(t *testing.T, _, bare string) {
			script(t, filepath.Join(bare, "hooks/update"), "echo 'not on a Friday' >&2; exit 1")
		}, ErrRemoteRefused, "not on a Friday"},
		"a quota": {func(t *testing.T, _, bare string) {
			git(t, bare, "config", "receive.maxInputSize", "10")
		}, ErrRemoteRefused, "exceeds maximum allowed size"},
		"hidden": {func(t *testing.T, _, bare string) {
			git(t, bare, "config", "receive.hideRefs", "refs/heads/ringfence")
		}, ErrRemoteRefused, "deny updating a hidden ref"},
		"a read-only key": {func(t *testing.T, dir, _ string) {
			fakeSSH(t, dir, "echo 'ERROR: Permission to acme/patching.git denied to deploy key' >&2; exit 128")
		}, ErrRemoteRefused, "denied to deploy key"},
		"no remote there": {func(t *testing.T, _, bare string) {
			if err := os.RemoveAll(bare); err != nil {
				t.Fatal(err)
			}
		}, ErrRemoteDown, "does not appear to be a git repository"},
		"no host there": {func(t *testing.T, dir, _ string) {
			fakeSSH(t, dir, "echo 'ssh: connect to host forge port 22: Connection refused' >&2; exit 255")
		}, ErrRemoteDown, "Connection refused"},
		"nonsense": {func(t *testing.T, dir, _ string) { fakeSSH(t, dir, "yes") }, ErrRemoteDown, ""},
		"a command": {func(t *testing.T, dir, _ string) {
			git(t, dir, "config", "remote.origin.url", "ext::sh -c touch% "+filepath.Join(dir, "ran"))
			git(t, dir, "config", "protocol.ext.allow", "always")
		}, ErrRemoteRefused, "transport 'ext' not allowed"},
		"a helper": {func(t *testing.T, dir, _ string) {
			git(t, dir, "config", "remote.origin.vcs", "ext")
			git(t, dir, "config", "remote.origin.url", "sh -c touch% "+filepath.Join(dir, "ran"))
		}, ErrRemoteRefused, "transport 'ext' not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			r, dir, bare := shared(t)
			hash := mustCommit(t, r, spec(map[string][]byte{"a": []byte("some content")}, ""))
			tc.arrange(t, dir, bare)
			err := r.Push(t.Context(), "origin", sharedRef, hash, "")
			if !errors.Is(err, tc.kind) || errors.Is(err, ErrRefMoved) || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("Push: %v", err)
			}
			if strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("not neutralised: %q", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
				t.Error("the configuration's command ran")
			}
			if _, err := os.Stat(bare); err == nil && at(t, bare, sharedRef) != "" {
				t.Error("it was pushed")
			}
		})
	}
}

// fakeSSH makes origin a host that is reached by a script of ours, set as CI does it.
func fakeSSH(t *testing.T, dir, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ssh")
	script(t, path, text)
	git(t, dir, "config", "core.sshCommand", path)
	git(t, dir, "config", "ssh.variant", "ssh")
	git(t, dir, "remote", "set-url", "origin", "ssh://git@forge/acme.git")
}

// TestTheUsersSSHIsUsed proves that a whole conversation runs over what the user configured, and nothing asks.
func TestTheUsersSSHIsUsed(t *testing.T) {
	r, dir, bare := shared(t)
	fakeSSH(t, dir, `test -t 0 && exit 9; (: </dev/tty) 2>/dev/null && exit 9
for last; do :; done
eval "${last%% *} '`+bare+`'"`)
	hash := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, ""))
	if err := r.Push(t.Context(), "origin", sharedRef, hash, ""); err != nil {
		t.Fatal(err)
	}
	if got, err := r.RemoteRef(t.Context(), "origin", sharedRef); got != hash || err != nil {
		t.Errorf("RemoteRef() = %q, %v", got, err)
	}
}

func TestAHangingRemoteIsDown(t *testing.T) {
	r, dir, _ := shared(t)
	mark := filepath.Join(t.TempDir(), "alive")
	fakeSSH(t, dir, "trap 'rm -f "+mark+"; exit' TERM; touch "+mark+"; while :; do sleep 0.05; done")
	r.patience = time.Second
	if _, err := r.RemoteRef(t.Context(), "origin", sharedRef); !errors.Is(err, ErrRemoteDown) || !strings.Contains(err.Error(), "no answer within 1s") {
		t.Errorf("RemoteRef: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := r.Fetch(ctx, "origin", sharedRef); !errors.Is(err, context.Canceled) || errors.Is(err, ErrRemoteDown) {
		t.Errorf("Fetch: %v", err)
	}
	for _, err := os.Stat(mark); err == nil; _, err = os.Stat(mark) { // what git had started ends too
		time.Sleep(50 * time.Millisecond)
	}
}

// TestTheRepositorysHooksStayOut sets every trap that a fetch or push would step into.
func TestTheRepositorysHooksStayOut(t *testing.T) {
	dir, marks := trap(t)
	bare := filepath.Join(t.TempDir(), "bare.git")
	git(t, dir, "init", "-q", "--bare", bare)
	git(t, dir, "remote", "add", "origin", bare)
	evil := filepath.Join(dir, ".git", "evil-remote")
	script(t, evil, "touch "+marks+"/remote")
	script(t, filepath.Join(dir, ".git", "hooks", "pre-push"), "touch "+marks+"/pre-push")
	for _, key := range []string{"remote.origin.receivepack", "remote.origin.uploadpack", "core.gitProxy"} {
		git(t, dir, "config", key, evil)
	}
	for key, value := range map[string]string{"push.gpgSign": "true", "remote.origin.mirror": "true", "push.followTags": "true", "remote.origin.prune": "true"} {
		git(t, dir, "config", key, value)
	}
	r := open(t, dir)
	hash := mustCommit(t, r, spec(map[string][]byte{"a": {1}}, ""))
	marked(t, marks)
	if err := r.Push(t.Context(), "origin", sharedRef, hash, ""); err != nil {
		t.Error(err)
	}
	if err := r.Fetch(t.Context(), "origin", sharedRef); err != nil {
		t.Error(err)
	}
	if got := marked(t, marks); len(got) != 0 {
		t.Errorf("these ran: %q", got)
	}
}

func TestGistHidesPasswords(t *testing.T) {
	got := gist("remote: \nremote: no\nfatal: unable to access 'https://bot:s3cret@forge/x/': gone\nhint: try\n")
	if got != "no; fatal: unable to access 'https://forge/x/': gone" {
		t.Errorf("gist() = %q", got)
	}
}
