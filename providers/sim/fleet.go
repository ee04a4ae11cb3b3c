package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ringfence/ringfence/internal/lazyregexp"
	"github.com/ringfence/ringfence/providers"
)

// The bounds of a fleet file.
const (
	maxFleetBytes = 16 << 20
	maxHosts      = 200_000
)

type fleetFile struct {
	Updates []*update `yaml:"updates"`
	Hosts   []group   `yaml:"hosts"`
	Faults  []*fault  `yaml:"faults"`
}

// group is one entry of hosts: one host or, with count, many.
type group struct {
	Name      string            `yaml:"name"`
	Count     int               `yaml:"count"`
	Tenant    string            `yaml:"tenant"`
	OS        string            `yaml:"os"`
	Arch      string            `yaml:"arch"`
	Installed map[string]string `yaml:"installed"`
	Held      []string          `yaml:"held"`
}

// host is one host of a group, which it shares with its siblings.
type host struct {
	*group
	name string
}

type fleet struct {
	mirror mirror
	hosts  map[providers.HostRef]*host
	faults []*fault
}

func (f *fleet) host(ref providers.HostRef) *host {
	if h := f.hosts[ref]; h != nil {
		return h
	}
	return f.hosts[providers.HostRef{Name: ref.Name}]
}

// instant is RFC 3339 and nothing else: YAML's own timestamps have forms that people misread.
type instant struct{ time.Time }

func (i *instant) UnmarshalYAML(node *yaml.Node) error {
	t, err := time.Parse(time.RFC3339, node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is no instant; write it as 2026-11-02T09:00:00Z", node.Line, node.Value)
	}
	i.Time = t.UTC()
	return nil
}

func readFleet(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the fleet: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	raw, err := io.ReadAll(io.LimitReader(f, maxFleetBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the fleet: %w", err)
	}
	if len(raw) > maxFleetBytes {
		return nil, fmt.Errorf("%s: a fleet may have at most %d MiB", path, maxFleetBytes>>20)
	}
	return raw, nil
}

// parseFleet reads a fleet file strictly: an unknown key is an error with its line.
func parseFleet(raw []byte) (*fleet, error) {
	var file fleetFile
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, tidy(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("a fleet is one YAML document")
	}
	return newFleet(&file, linesOf(raw))
}

// tidy removes the names of Go types from the decoder's message.
func tidy(err error) error {
	return errors.New(goType.ReplaceAllString(strings.TrimPrefix(err.Error(), "yaml: "), ""))
}

var goType = lazyregexp.New(` (in type|into) [*\[\]a-zA-Z.]+`)

// linesOf returns the line of entry i of a list of the file, since decoded values do not know where they stood.
// The file is parsed again for it, but only when there is a mistake to report.
func linesOf(raw []byte) func(list string, i int) string {
	nodes := sync.OnceValue(func() []*yaml.Node {
		var doc yaml.Node
		if yaml.Unmarshal(raw, &doc) != nil || len(doc.Content) == 0 {
			return nil
		}
		return doc.Content[0].Content
	})
	return func(list string, i int) string {
		top := nodes()
		for k := 0; k+1 < len(top); k += 2 {
			if top[k].Value == list && i < len(top[k+1].Content) {
				return "line " + strconv.Itoa(top[k+1].Content[i].Line)
			}
		}
		return list
	}
}
