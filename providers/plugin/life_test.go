package plugin

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestADeafProviderIsKilled(t *testing.T) {
	c := startToy(t, nil)
	go func() { _, _ = c.Scan(context.Background(), scanOf("deaf"), unused(t)) }()
	time.Sleep(50 * time.Millisecond)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	gone(t, c)
}

func TestAStoppedProcessIsKilled(t *testing.T) {
	c := startToy(t, nil)
	if err := syscall.Kill(c.process.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	gone(t, c)
}

func TestChildrenEndWithTheProvider(t *testing.T) {
	c := startToy(t, nil)
	pid := child(t, c, "child")
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	gone(t, c)
	if alive(pid) {
		t.Error("the child is still there")
	}
}

// TestAChildThatFledDoesNotHoldTheCore: it left the group and keeps the output open.
func TestAChildThatFledDoesNotHoldTheCore(t *testing.T) {
	c := startToy(t, nil)
	pid := child(t, c, "orphan")
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	gone(t, c)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the test expects a child to have fled: %v", err)
	}
}

func child(t *testing.T, c *Client, kind string) int {
	t.Helper()
	scan, err := c.Scan(t.Context(), scanOf(kind), unused(t))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(scan.Notes[0])
	if err != nil || !alive(pid) {
		t.Fatalf("no child: %v", scan.Notes)
	}
	return pid
}

// alive says whether a process runs; one that waits to be reaped does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestTheProviderEndsWithTheCore kills a core as hard as can be.
func TestTheProviderEndsWithTheCore(t *testing.T) {
	left, err := os.MkdirTemp("", "t") // a killed core cannot clear up
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(left) }()
	core := exec.Command(os.Args[0], "core", "good")
	core.Env = append(os.Environ(), "TMPDIR="+left)
	stdout, err := core.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := core.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	pid, convErr := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || convErr != nil || !alive(pid) {
		t.Fatalf("the core says %q, %v", line, err)
	}
	if err := core.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = core.Wait()
	for alive(pid) {
		time.Sleep(10 * time.Millisecond)
	}
}

// TestTheEndOfStandardInputEndsTheProvider: the same where the kernel does not help, and with its children.
func TestTheEndOfStandardInputEndsTheProvider(t *testing.T) {
	c := startToy(t, nil)
	pid := child(t, c, "child")
	if err := c.process.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	<-c.process.done
	for alive(pid) {
		time.Sleep(10 * time.Millisecond)
	}
}

func TestStartedByHandItSaysWhatItIs(t *testing.T) {
	cmd := exec.Command(os.Args[0], "provider", "good")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(stderr)
	if err := cmd.Wait(); err == nil || !strings.Contains(string(said), "not meant to be executed directly") {
		t.Errorf("%v: %s", err, said)
	}
}
