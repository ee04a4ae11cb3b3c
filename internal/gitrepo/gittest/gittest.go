// Package gittest gives tests a git of their own: nothing of the machine's or its user's configuration matters to it.
package gittest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Main is a TestMain with an empty home. What is to come first is called in that home, before any test: for programs
// that are also the child of one of their tests.
func Main(m *testing.M, first ...func()) {
	home, err := os.MkdirTemp("", "git-home-")
	if err != nil {
		panic(err)
	}
	for key, value := range map[string]string{"HOME": home, "XDG_CONFIG_HOME": home, "GIT_CONFIG_NOSYSTEM": "1"} {
		os.Setenv(key, value)
	}
	os.Unsetenv("GIT_CONFIG_GLOBAL")
	for _, f := range first {
		f()
	}
	code := m.Run()
	os.RemoveAll(home)
	os.Exit(code)
}

// Run runs git in a folder as some user and returns what it says, without the last line break.
func Run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=T", "-c", "user.email=t@example.com"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
