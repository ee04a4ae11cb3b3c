package plugin

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/providers"
)

func healthOf(name string) providers.HealthRequest {
	return providers.HealthRequest{Host: providers.HostRef{Tenant: "acme", Name: name}, At: time.Unix(1_700_000_000, 0)}
}

func TestHealthCrosses(t *testing.T) {
	c := startToy(t, nil)
	want := []providers.Check{{Name: "unit a", State: providers.CheckFailing, Detail: "2023-11-14"}, {Name: "disk", State: providers.CheckOK}}
	if got, err := c.Health(t.Context(), healthOf("web-1"), unused(t)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.Health(t.Context(), healthOf("nonsense"), unused(t)); !errors.Is(err, ErrBadAnswer) || got != nil {
		t.Errorf("a state that there is not: %+v, %v", got, err)
	}
	if _, err := c.Health(t.Context(), healthOf("panic"), unused(t)); err == nil || !strings.Contains(err.Error(), "no pulse") {
		t.Errorf("a panic: %v", err)
	}
}

// TestAnOlderPluginSaysNothingOfHealth: that is no error, and no health either.
func TestAnOlderPluginSaysNothingOfHealth(t *testing.T) {
	c, err := Start(t.Context(), toySpec(t, "old", func(*Spec) {}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Scan(t.Context(), scanOf("settings"), nil); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Health(t.Context(), healthOf("web-1"), unused(t)); err != nil || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
}
