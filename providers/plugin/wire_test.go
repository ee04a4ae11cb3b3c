package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	_ "github.com/ringfence/ringfence/internal/sameseed"
	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

// pipe is a stream that was sent and can be received.
type pipe[M any] struct{ messages []*M }

func (p *pipe[M]) Send(m *M) error {
	p.messages = append(p.messages, m)
	return nil
}

func (p *pipe[M]) Recv() (*M, error) {
	if len(p.messages) == 0 {
		return nil, io.EOF
	}
	m := p.messages[0]
	p.messages = p.messages[1:]
	return m, nil
}

func draw[T any](t *rapid.T) T {
	at := rapid.Custom(func(t *rapid.T) *time.Time {
		instant := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "seconds"), 0).UTC()
		return &instant
	})
	g := rapid.MakeCustom[T](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[providers.Update](): rapid.Custom(drawUpdate(at)).AsAny(),
		reflect.TypeFor[providers.Op]():     rapid.SampledFrom(ops).AsAny(),
		reflect.TypeFor[providers.CheckState](): rapid.Map(rapid.SampledFrom(checkStates), func(s string) providers.CheckState {
			return providers.CheckState(s)
		}).AsAny(),
		reflect.TypeFor[providers.HostState](): rapid.SampledFrom(states).AsAny(),
		reflect.TypeFor[time.Time]():           rapid.Map(at, func(p *time.Time) time.Time { return *p }).AsAny(),
	}})
	return g.Draw(t, "value")
}

func drawUpdate(at *rapid.Generator[*time.Time]) func(*rapid.T) providers.Update {
	return func(t *rapid.T) providers.Update {
		text, list := rapid.StringN(1, 20, -1), rapid.SliceOf(rapid.String())
		return providers.Update{
			PURL: text.Draw(t, "purl"), Name: text.Draw(t, "name"), Version: text.Draw(t, "version"), Arch: text.Draw(t, "arch"),
			Class: rapid.SampledFrom(classes).Draw(t, "class"), Severity: rapid.SampledFrom(severities).Draw(t, "severity"),
			Origin: text.Draw(t, "origin"), Released: rapid.OneOf(at, rapid.Just[*time.Time](nil)).Draw(t, "released"),
			Advisories: list.Draw(t, "advisories"), CVEs: list.Draw(t, "cves"), Exploited: rapid.Bool().Draw(t, "exploited"),
			Supersedes: list.Draw(t, "supersedes"), Reboot: rapid.SampledFrom(reboots).Draw(t, "reboot"),
		}
	}
}

// cross sends a value through bytes and back. Both are compared on the wire, where nil and empty are one.
func cross[T, W any, M message[W]](t *rapid.T, there func(T) *W, back func(*W) (T, error)) {
	value := draw[T](t)
	raw, err := proto.Marshal(M(there(value)))
	if err != nil {
		t.Fatal(err)
	}
	wire := new(W)
	if err := proto.Unmarshal(raw, M(wire)); err != nil {
		t.Fatal(err)
	}
	got, err := back(wire)
	if err != nil {
		t.Fatalf("%+v: %v", value, err)
	}
	if !proto.Equal(M(there(got)), M(there(value))) {
		t.Fatalf("%+v became %+v", value, got)
	}
}

func TestValuesCrossUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cross(t, scanToWire, scanFromWire)
		cross(t, healthToWire, healthFromWire)
		cross(t, previewToWire, previewFromWire)
		cross(t, resultToWire, resultFromWire)
		cross(t, func(r providers.ChangeRequest) *providerv1.ChangeRequest { return changeToWire(r, 7) }, changeFromWire)
		cross(t, descriptionToWire, func(d *providerv1.Description) (providers.Description, error) { return descriptionFromWire(d), nil })
		cross(t, outputToWire, func(o *providerv1.Output) (providers.Output, error) { return outputFromWire(o), nil })
	})
}

// TestEveryFieldOfTheContractCrosses fails when a field is added to the contract and forgotten here: each is set to
// something by reflection and must come back.
func TestEveryFieldOfTheContractCrosses(t *testing.T) {
	scan := providers.HostScan{}
	fill(reflect.ValueOf(&scan).Elem())
	for i := range scan.Missing {
		scan.Missing[i].Update.Class, scan.Missing[i].Update.Severity, scan.Missing[i].Update.Reboot = "security", "high", "no"
	}
	if got, err := scanFromWire(scanToWire(scan)); err != nil || !reflect.DeepEqual(got, scan) {
		t.Errorf("%+v became %+v, %v", scan, got, err)
	}
	health := []providers.Check{{}}
	fill(reflect.ValueOf(&health[0]).Elem())
	health[0].State = providers.CheckFailing
	if got, err := healthFromWire(healthToWire(health)); err != nil || !reflect.DeepEqual(got, health) {
		t.Errorf("%+v became %+v, %v", health, got, err)
	}
	preview := providers.Preview{}
	fill(reflect.ValueOf(&preview).Elem())
	preview.Actions[0].Op = providers.Install
	if got, err := previewFromWire(previewToWire(preview)); err != nil || !reflect.DeepEqual(got, preview) {
		t.Errorf("%+v became %+v, %v", preview, got, err)
	}
	result := providers.Result{}
	fill(reflect.ValueOf(&result).Elem())
	result.State, result.Actions[0].Op = providers.Partial, providers.Remove
	if got, err := resultFromWire(resultToWire(result)); err != nil || !reflect.DeepEqual(got, result) {
		t.Errorf("%+v became %+v, %v", result, got, err)
	}
	request := providers.ChangeRequest{}
	fill(reflect.ValueOf(&request).Elem())
	request.Closure[0].Op = providers.Downgrade
	if got, err := changeFromWire(changeToWire(request, 1)); err != nil || !reflect.DeepEqual(got, request) {
		t.Errorf("%+v became %+v, %v", request, got, err)
	}
	desc := providers.Description{}
	fill(reflect.ValueOf(&desc).Elem())
	if got := descriptionFromWire(descriptionToWire(desc)); !reflect.DeepEqual(got, desc) {
		t.Errorf("%+v became %+v", desc, got)
	}
	out := providers.Output{}
	fill(reflect.ValueOf(&out).Elem())
	if got := outputFromWire(outputToWire(out)); !reflect.DeepEqual(got, out) {
		t.Errorf("%+v became %+v", out, got)
	}
}

func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_700_000_000, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(7)
	default:
		v.SetInt(7)
	}
}

func TestALargeValueIsCutAndJoined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := &providerv1.HostScan{Os: "debian 12", BootId: "b", RebootPending: true}
		for i := range rapid.IntRange(0, 30).Draw(t, "packages") {
			size := rapid.SampledFrom([]int{0, 10, 100_000, 300_000}).Draw(t, "size")
			whole.Installed = append(whole.Installed, &providerv1.Package{Name: fmt.Sprint(i), Version: strings.Repeat("1", size)})
			whole.Notes = append(whole.Notes, strings.Repeat("n", size/2))
		}
		p := &pipe[providerv1.HostScan]{}
		if err := send(p, whole); err != nil {
			t.Fatal(err)
		}
		for _, piece := range p.messages {
			if size := proto.Size(piece); size > pieceSize {
				t.Errorf("a piece has %d bytes", size)
			}
		}
		got, err := collect(p)
		if err != nil || !proto.Equal(got, whole) {
			t.Errorf("%v", err)
		}
	})
}

func TestErrorsCross(t *testing.T) {
	for _, want := range []error{providers.ErrRefused, providers.ErrLost, providers.ErrUnreachable, context.Canceled, context.DeadlineExceeded} {
		got := fromStatus(toStatus(fmt.Errorf("install: %w", want)))
		if !errors.Is(got, want) || got.Error() != "install: "+want.Error() {
			t.Errorf("%v became %v", want, got)
		}
	}
	both := fromStatus(toStatus(errors.Join(providers.ErrLost, context.Canceled)))
	if !errors.Is(both, providers.ErrLost) || !errors.Is(both, context.Canceled) || errors.Is(both, providers.ErrRefused) {
		t.Errorf("%v", both)
	}
	long := fromStatus(toStatus(errors.New(strings.Repeat("\x1b\xff", 100_000))))
	if len(long.Error()) > 4*maxReason || strings.Contains(long.Error(), "\x1b") {
		t.Errorf("%d bytes", len(long.Error()))
	}
	if toStatus(nil) != nil || fromStatus(io.EOF) != nil || fromStatus(status.Error(5, "x")) != nil {
		t.Error("what is no error of the contract became one")
	}
}

func TestTheEndOfALongLogIsKept(t *testing.T) {
	log := append(bytes.Repeat([]byte("x"), 10*maxLog), "the end"...)
	got, err := resultFromWire(resultToWire(providers.Result{State: providers.Done, Log: log}))
	if err != nil || len(got.Log) != maxLog || !bytes.HasSuffix(got.Log, []byte("the end")) {
		t.Errorf("%d bytes, %v", len(got.Log), err)
	}
}

// FuzzAnswer reads what a hostile provider may send. What is accepted must survive being sent again.
func FuzzAnswer(f *testing.F) {
	for _, m := range []proto.Message{
		scanToWire(providers.HostScan{OS: "debian 12", Missing: []providers.Missing{{Update: providers.Update{PURL: "p", Name: "n", Version: "1"}}}}),
		healthToWire([]providers.Check{{Name: "unit a.service", State: providers.CheckFailing, Detail: "failed"}}),
		resultToWire(providers.Result{State: providers.Done, Log: []byte("log"), Actions: []providers.Action{{Op: providers.Install}}}),
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s providerv1.HostScan
		if proto.Unmarshal(raw, &s) == nil {
			if value, err := scanFromWire(&s); err == nil {
				again, err := scanFromWire(scanToWire(value))
				if err != nil || !proto.Equal(scanToWire(again), scanToWire(value)) {
					t.Errorf("%+v became %+v, %v", value, again, err)
				}
			} else if !errors.Is(err, ErrBadAnswer) {
				t.Error(err)
			}
		}
		var h providerv1.HealthAnswer
		if proto.Unmarshal(raw, &h) == nil {
			if checks, err := healthFromWire(&h); err == nil && !proto.Equal(healthToWire(checks), &h) && len(h.ProtoReflect().GetUnknown()) == 0 {
				t.Errorf("%+v became %+v", &h, checks)
			} else if err != nil && !errors.Is(err, ErrBadAnswer) {
				t.Error(err)
			}
		}
		var r providerv1.Result
		if proto.Unmarshal(raw, &r) == nil {
			if value, err := resultFromWire(&r); err == nil && len(value.Log) > maxLog {
				t.Errorf("a log of %d bytes", len(value.Log))
			}
		}
	})
}
