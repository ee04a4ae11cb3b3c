package window

import (
	"archive/zip"
	"bytes"
	_ "embed" // the zone database
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:generate ./refresh.sh

//go:embed zoneinfo.zip
var zoneinfo []byte

//go:embed tzdata_version.txt
var tzdataVersion string

// ErrZone is wrapped by every error of Zone.
var ErrZone = errors.New("not a time zone")

// TzdataVersion names the release of the embedded IANA database, such as "2026b".
func TzdataVersion() string { return strings.TrimSpace(tzdataVersion) }

// Zone returns the IANA zone of that exact name ("Europe/Berlin"). Names that mean something else on every machine
// ("", "Local") or nothing at all ("Factory") are refused. The same name yields the same pointer.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || name == "Factory" {
		return nil, fmt.Errorf("%w: %q names no fixed place; give an IANA name such as Europe/Berlin", ErrZone, name)
	}
	if loc, ok := loaded.Load(name); ok {
		return loc.(*time.Location), nil
	}
	loc, err := load(name)
	if err != nil {
		return nil, err
	}
	first, _ := loaded.LoadOrStore(name, loc)
	return first.(*time.Location), nil
}

// Zones lists every name that Zone accepts, sorted: for suggestions and completion.
func Zones() []string {
	var names []string
	for name := range database() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// loaded caches parsed zones: parsing is not cheap and every tenant asks for one.
var loaded sync.Map

func load(name string) (*time.Location, error) {
	f, ok := database()[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q is not in the IANA database %s", ErrZone, name, TzdataVersion())
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrZone, name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrZone, name, err)
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrZone, name, err)
	}
	return loc, nil
}

// database is the table of contents of the embedded archive. That the archive opens is a property of the build,
// which a test checks, so a broken one is an empty table and every zone unknown.
var database = sync.OnceValue(func() map[string]*zip.File {
	files := map[string]*zip.File{}
	r, err := zip.NewReader(bytes.NewReader(zoneinfo), int64(len(zoneinfo)))
	if err != nil {
		return files
	}
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") && f.Name != "Factory" {
			files[f.Name] = f
		}
	}
	return files
})
