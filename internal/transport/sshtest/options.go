package sshtest

import (
	"strings"

	"golang.org/x/crypto/ssh"
)

// Option changes how a server behaves.
type Option func(*setup)

type setup struct {
	hostKeys     []ssh.Signer
	authorised   []ssh.PublicKey
	algorithms   *ssh.Config
	preamble     int
	preambleText []byte
	banner       string
	refusal      string
	noAuth       bool
	silent       bool
	deaf         bool
	prompts      bool
	noExec       bool
	cutOnExec    bool
}

// HostKeys replaces the server's host key; a signer may hold a certificate.
func HostKeys(keys ...ssh.Signer) Option { return func(s *setup) { s.hostKeys = keys } }

// Authorize accepts these client keys only.
func Authorize(keys ...ssh.PublicKey) Option {
	return func(s *setup) { s.authorised = append([]ssh.PublicKey{}, keys...) }
}

// NoAuth lets everybody in.
func NoAuth() Option { return func(s *setup) { s.noAuth = true } }

// Silent accepts connections and says nothing.
func Silent() Option { return func(s *setup) { s.silent = true } }

// Deaf never answers keepalives, as a link that died without a word.
func Deaf() Option { return func(s *setup) { s.deaf = true } }

// Preamble sends text that many times before the protocol starts.
func Preamble(times int, text string) Option {
	return func(s *setup) { s.preamble, s.preambleText = times, []byte(text) }
}

// Banner is sent before the login.
func Banner(text string) Option { return func(s *setup) { s.banner = text } }

// Refusals accepts no key and says so with a banner of this size each time.
func Refusals(size int) Option {
	return func(s *setup) { s.authorised, s.refusal = []ssh.PublicKey{}, strings.Repeat("x", size) }
}

// Prompts takes every key as a partial success and asks on for ever.
func Prompts() Option { return func(s *setup) { s.prompts = true } }

// NoExec refuses to run commands.
func NoExec() Option { return func(s *setup) { s.noExec = true } }

// CutOnExec drops the connection when a command arrives, before the answer.
func CutOnExec() Option { return func(s *setup) { s.cutOnExec = true } }

// Weak offers only a key exchange of the last century.
func Weak() Option {
	return func(s *setup) {
		s.algorithms = &ssh.Config{KeyExchanges: []string{ssh.InsecureKeyExchangeDH1SHA1}}
	}
}
