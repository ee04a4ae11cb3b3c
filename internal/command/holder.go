package command

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/internal/untrusted"
	"github.com/ringfence/ringfence/runner/ledger"
)

// holder names this process so that the same machine can later tell whether it still lives: the runner's name, the
// process, where its number means anything (this boot, this process namespace) and when it began, since numbers come
// back.
func (p *pipeline) holder() string {
	pid := os.Getpid()
	return fmt.Sprintf("%s/%d/%s/%s", p.runnerName(), pid, processPlace(), processStart(pid))
}

// introduced refuses a name of this runner, or a link to where a person sees it, that records and leases could not keep.
func (a *app) introduced() error {
	for name, most := range map[string]int{"RINGFENCE_RUNNER": 200, "RINGFENCE_LINK": ledger.MaxText} {
		text := a.Getenv(name)
		switch {
		case len(text) > most:
			return diag.New(diag.Usage, "%s has %d bytes, and at most %d are kept", name, len(text), most).WithFix("set it to something shorter")
		case text != strings.TrimSpace(untrusted.Line(text, len(text))):
			return diag.New(diag.Usage, "%s is %q, which is no line of plain text", name, untrusted.Line(text, 60)).WithFix("set it without blanks around it, line breaks and control characters")
		}
	}
	return nil
}

// isDead reports whether a holder was a process of this very place that is gone. Of any other nobody knows.
func isDead(holder string) bool {
	f := strings.Split(holder, "/")
	if len(f) != 4 {
		return false
	}
	pid, err := strconv.Atoi(f[1])
	return err == nil && f[2] != "" && f[2] == processPlace() && f[3] != "" && f[3] != processStart(pid)
}

// processPlace is within what process numbers are unique; "" where that cannot be told.
func processPlace() string {
	boot, err1 := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, err2 := os.Readlink("/proc/self/ns/pid")
	if err1 != nil || err2 != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(string(boot) + space))
	return hex.EncodeToString(sum[:6])
}

// processStart is when a process began, in ticks since boot; "gone" if there is none of that number.
func processStart(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "gone"
	}
	// The second field is the program's name in parentheses, which may hold anything; the start is the 22nd.
	_, rest, _ := strings.Cut(string(raw[strings.LastIndexByte(string(raw), ')'):]), " ")
	f := strings.Fields(rest)
	if len(f) < 20 || f[0] == "Z" {
		return "gone"
	}
	return f[19]
}
