package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/transport/sshtest"
)

func (w *world) routeTo(address, user string) ([]hop, error) {
	w.t.Helper()
	return w.dialer().route(Target{Tenant: "acme", Name: "web-1", Address: address, User: user})
}

func TestRoute(t *testing.T) {
	const config = `
Host web-*
  HostName %h.example.net
  Port 2201
  User deploy
  ProxyJump ops@bastion:2022,second
Host bastion
  HostName 203.0.113.1
  ProxyJump none
Host second
  ProxyJump never-used
Host v6
  HostName 2001:db8::1
`
	for _, tt := range []struct{ address, user, want string }{
		{"10.0.0.1", "", "runner@10.0.0.1:22 as 10.0.0.1:22"},
		{"10.0.0.1:2222", "patch", "patch@10.0.0.1:2222 as 10.0.0.1:2222"},
		{"[2001:db8::2]:2222", "", "runner@[2001:db8::2]:2222 as [2001:db8::2]:2222"},
		{"2001:db8::2", "", "runner@[2001:db8::2]:22 as [2001:db8::2]:22"},
		{"v6", "", "runner@[2001:db8::1]:22 as v6:22"},
		{"web-1", "", "ops@203.0.113.1:2022 as bastion:2022 > runner@second:22 as second:22 > deploy@web-1.example.net:2201 as web-1:22"},
		{"web-1:2200", "patch", "ops@203.0.113.1:2022 as bastion:2022 > runner@second:22 as second:22 > patch@web-1.example.net:2200 as web-1:2200"},
	} {
		w := newWorld(t, nil)
		w.write(".ssh/config", config)
		hops, err := w.routeTo(tt.address, tt.user)
		var got []string
		for _, h := range hops {
			got = append(got, fmt.Sprintf("%s@%s as %s", h.user, h.dial, h.key))
		}
		if err != nil || strings.Join(got, " > ") != tt.want {
			t.Errorf("%s: got %s, %v", tt.address, strings.Join(got, " > "), err)
		}
	}
}

func TestBadAddresses(t *testing.T) {
	for _, address := range []string{"", ":22", "host:", "host:0", "host:65536", "host:ssh", "-oProxyCommand=id", "a b", "a,b", "a*", "a\nb", "[::1", "[::1]", "a:b:c", "a:b:c d", "@x", "#x", "|1|x"} {
		if _, err := newWorld(t, nil).routeTo(address, ""); !errors.Is(err, ErrConfig) {
			t.Errorf("%q: got %v", address, err)
		}
	}
}

func TestSSHConfigThatIsRefused(t *testing.T) {
	for name, tt := range map[string]struct{ config, says string }{
		"ProxyCommand":         {"Host web-1\n  ProxyCommand nc %h %p\n", "ProxyJump"},
		"of a jump host":       {"Host web-1\n  ProxyJump b\nHost b\n  proxycommand=nc %h %p\n", "ProxyCommand"},
		"KnownHostsCommand":    {"KnownHostsCommand /bin/echo\n", "KnownHostsCommand"},
		"Match exec":           {"Host x\n  User a\nMatch exec \"true\"\n  User b\n", "config:3"},
		"Match host and exec":  {"Match host web-1 exec true\n  User b\n", "config:1"},
		"Match host and user":  {"Match host web-1 user *\n  User b\n", "config:1"},
		"Match a list":         {"Match host web-1,db-1\n  User b\n", "config:1"},
		"an included Match":    {"Include INCLUDED\n", "included:2"},
		"a circle of jumps":    {"Host *\n  ProxyJump b\n", "circle"},
		"too many jumps":       {"Host web-1\n  ProxyJump b" + strings.Repeat(",b", 20) + "\n", "jump hosts"},
		"a jump to nonsense":   {"Host web-1\n  ProxyJump -oProxyCommand=id\n", "-oProxyCommand"},
		"a host name's option": {"Host web-1\n  HostName -oProxyCommand=id\n", "HostName"},
		"a bad port":           {"Host web-1\n  Port ssh\n", "port"},
		"no ssh_config":        {"Match\n", "config"},
	} {
		w := newWorld(t, nil)
		included := w.write("included", "\nMatch user root exec true\n")
		w.write(".ssh/config", strings.ReplaceAll(tt.config, "INCLUDED", included))
		_, err := NewSSH(w.cfg)
		if err == nil {
			_, err = w.routeTo("web-1", "")
		}
		if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestIncludeAndMatchAll(t *testing.T) {
	w := newWorld(t, nil)
	included := w.write("included", "Host web-1\n  Port 2201\n")
	w.write(".ssh/config", "Include "+included+"\nMatch all\n  User everybody\nMatch host web-1\n  User late\n")
	hops, err := w.routeTo("web-1", "")
	if err != nil || hops[0].dial != "web-1:2201" || hops[0].user != "everybody" {
		t.Errorf("got %+v, %v", hops, err)
	}
}

// jumpWorld has one host behind two jump hosts.
func jumpWorld(t *testing.T) (w *world, outer, inner, host *sshtest.Server) {
	outer, inner, host = sshtest.NewServer(t, echo), sshtest.NewServer(t, echo), sshtest.NewServer(t, echo)
	known := bytes.Join([][]byte{outer.KnownHosts(), inner.KnownHosts(), []byte(line("web-1:22", hostKey(t, host)))}, nil)
	w = newWorld(t, known).withKey()
	w.write(".ssh/config", fmt.Sprintf("Host web-1\n  HostName 127.0.0.1\n  Port %s\n  ProxyJump outer@%s,inner@%s\n", portOf(host.Addr()), outer.Addr(), inner.Addr()))
	return w, outer, inner, host
}

func TestJumpHosts(t *testing.T) {
	w, outer, inner, host := jumpWorld(t)
	out, err := w.mustDial("web-1").Run(context.Background(), []string{"hello"}, Options{})
	if err != nil || string(out.Stdout) != "'hello'" {
		t.Fatalf("got %q, %v", out.Stdout, err)
	}
	if fmt.Sprint(outer.Forwards(), inner.Forwards()) != fmt.Sprintf("[%s] [%s]", inner.Addr(), host.Addr()) {
		t.Errorf("went over %q and %q", outer.Forwards(), inner.Forwards())
	}
	if outer.Users()[0] != "outer" || inner.Users()[0] != "inner" || host.Users()[0] != "patch" {
		t.Errorf("logged in as %q, %q, %q", outer.Users(), inner.Users(), host.Users())
	}
	if len(outer.Commands())+len(inner.Commands()) != 0 {
		t.Error("a jump host was asked to run something")
	}
}

// A jump host is a host: with a wrong key it is told nothing, and nobody behind it is reached.
func TestAJumpHostsKeyIsChecked(t *testing.T) {
	for name, want := range map[string]error{"changed": ErrHostKey, "unknown": ErrHostKeyUnknown} {
		w, outer, inner, host := jumpWorld(t)
		w.cfg.KnownHosts = bytes.Replace(w.cfg.KnownHosts, inner.KnownHosts(), nil, 1)
		if want == ErrHostKey {
			w.cfg.KnownHosts = append(w.cfg.KnownHosts, line(inner.Addr(), sshtest.Key(t).PublicKey())...)
		}
		_, err := w.dial("web-1")
		if !errors.Is(err, want) || len(inner.Users())+len(host.Users()) != 0 || len(outer.Users()) == 0 {
			t.Errorf("%s: got %v, users %q, %q, %q", name, err, outer.Users(), inner.Users(), host.Users())
		}
	}
}

func TestAJumpHostThatReachesNobody(t *testing.T) {
	w, _, _, host := jumpWorld(t)
	host.Close()
	if _, err := w.dial("web-1"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

func TestEnrolBehindJumpHosts(t *testing.T) {
	w, outer, inner, host := jumpWorld(t)
	d := w.dialer()
	target := Target{Tenant: "acme", Name: "web-1", Address: "web-1", User: "patch"}
	jumps, err := d.Jumps(target)
	if err != nil || len(jumps) != 2 || jumps[0].Address != outer.Addr() || jumps[1].Address != inner.Addr() {
		t.Fatalf("got %+v, %v", jumps, err)
	}
	key, err := d.HostKey(context.Background(), target, preferred)
	if err != nil || !sameKey(key, hostKey(t, host)) || len(host.Users()) != 0 {
		t.Errorf("got %v, %v, users %q", key, err, host.Users())
	}
}

// Any text as ssh_config gives a route or an error, and a route never leads through a program or a strange name.
func FuzzSSHConfig(f *testing.F) {
	f.Add("Host *\n  ProxyJump a,b\n  User x\n")
	f.Add("Match host a exec b\nProxyCommand x\n")
	f.Add("HostName=%h\nPort=22\nIdentityFile \"~/%d %u\"\n")
	f.Add("Host \"a b\" !c\n\tProxyJump ssh://u@[::1]:22\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "include") {
			return // would read this machine's files
		}
		config, err := parseSSHConfig("config", []byte(text))
		if err != nil {
			return
		}
		s := &SSH{Config{Home: "/home/x", User: "x", Getenv: func(string) string { return "" }}, nil, config}
		hops, err := s.route(Target{Address: "web-1"})
		if err != nil {
			return
		}
		for _, h := range hops {
			host, port, err := net.SplitHostPort(h.dial)
			if err != nil || !isHost(host) || checkPort(port) != nil {
				t.Fatalf("%q leads to %q", text, h.dial)
			}
		}
		if len(hops) == 0 || len(hops) > maxHops {
			t.Fatalf("%d hops", len(hops))
		}
	})
}
