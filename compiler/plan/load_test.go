package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
)

func bytesOf(t testing.TB, encode func(w *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// files are a plan and the same sealed.
func files(t testing.TB) (p *plan.Plan, whole, sealed []byte) {
	t.Helper()
	p = plantest.Built(t, plantest.World("2026-11-21T12:00:00Z", plantest.Lacks(plantest.OpenSSL, plantest.Approved), plantest.Lacks(plantest.Bash, plantest.Refused)))
	v, err := plan.NewPreview(p, []plan.PreviewHost{
		{Host: "web-2", Wave: 1, Actions: []plan.Action{{Op: "upgrade", Name: "openssl", From: "1.0", To: "2"}, {Op: "install", Name: "libssl4", To: "2"}}},
		{Host: "web-1", Wave: 1, Restarts: []string{"sshd", "nginx"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := plan.Seal(p, v)
	if err != nil {
		t.Fatal(err)
	}
	return p, bytesOf(t, func(w *bytes.Buffer) error { return p.Encode(w) }), bytesOf(t, func(w *bytes.Buffer) error { return s.Encode(w) })
}

func TestLoad(t *testing.T) {
	p, whole, sealed := files(t)
	got, v, err := plan.Load(bytes.NewReader(whole))
	if err != nil || v != nil || got.Digest != p.Digest {
		t.Fatalf("plan: %v, preview %v, error %v", got, v, err)
	}
	got, v, err = plan.Load(bytes.NewReader(sealed))
	if err != nil || got.Digest != p.Digest || v.Plan != p.Digest {
		t.Fatalf("sealed plan: %v, preview %v, error %v", got, v, err)
	}
	if h := v.Hosts[0]; h.Host != "web-1" || strings.Join(h.Restarts, " ") != "nginx sshd" || v.Hosts[1].Actions[0].Name != "libssl4" {
		t.Errorf("the preview is not sorted: %+v", v.Hosts)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, sealed, "", "  "); err != nil {
		t.Fatal(err)
	}
	if _, _, err := plan.Load(&pretty); err != nil {
		t.Errorf("white space alone is refused: %v", err)
	}
}

// TestEveryCutIsTruncated cuts a file after each byte but the last line break.
func TestEveryCutIsTruncated(t *testing.T) {
	_, whole, sealed := files(t)
	for _, file := range [][]byte{whole, sealed} {
		for n := range len(file) - 1 {
			if _, _, err := plan.Load(bytes.NewReader(file[:n])); !errors.Is(err, plan.ErrTruncated) {
				t.Fatalf("cut after %d of %d bytes: %v", n, len(file), err)
			}
		}
	}
}

// TestNoByteCanBeChanged flips each byte of a file; whatever still is JSON must not load.
func TestNoByteCanBeChanged(t *testing.T) {
	_, whole, sealed := files(t)
	for _, file := range [][]byte{whole, sealed} {
		for i := range len(file) - 1 {
			c := []byte{file[i] ^ 1, file[i] ^ 32, '0', '9', ' '}[i%5]
			if c == file[i] {
				continue
			}
			changed := bytes.Clone(file)
			changed[i] = c
			if _, _, err := plan.Load(bytes.NewReader(changed)); err == nil {
				t.Fatalf("byte %d: %q instead of %q loads: …%s…", i, c, file[i], changed[max(0, i-40):min(len(file), i+40)])
			}
		}
	}
}

func TestEdited(t *testing.T) {
	p, whole, sealed := files(t)
	for name, c := range map[string]struct {
		file   []byte
		from   string
		to     string
		want   error
		saying string
	}{
		"a host more":       {whole, `"web-1",`, `"web-0","web-1",`, plan.ErrEdited, "digest"},
		"unknown field":     {whole, `"tenant":`, `"force":true,"tenant":`, plan.ErrEdited, `unknown field "force"`},
		"doubled field":     {whole, `"tenant":"acme"`, `"tenant":"acme","tenant":"acme"`, plan.ErrEdited, "uplicate"},
		"other spelling":    {whole, `"tenant":`, `"Tenant":`, plan.ErrEdited, "spelt"},
		"missing list":      {whole, `"stale":[],`, ``, plan.ErrEdited, "missing"},
		"wrong type":        {whole, `"tenant":"acme"`, `"tenant":7`, plan.ErrEdited, "line 1, column"},
		"more after it":     {whole, "}\n", "}\n{}", plan.ErrEdited, "line 2, column"},
		"broken JSON":       {whole, `"tenant":`, "\n\n\"tenant\"\n=", plan.ErrEdited, "line 4, column"},
		"other kind":        {whole, `"kind":"Plan"`, `"kind":"Snapshot"`, plan.ErrNotPlan, "Snapshot"},
		"other version":     {whole, `"apiVersion":"ringfence.dev/v1"`, `"apiVersion":"ringfence.dev/v2"`, plan.ErrNotPlan, "v2"},
		"not JSON":          {[]byte("hosts:\n"), "", "", plan.ErrNotPlan, "no JSON object"},
		"empty":             {nil, "", "", plan.ErrTruncated, "empty"},
		"sealed: plan":      {sealed, `"tenant":"acme"`, `"tenant":"acm"`, plan.ErrEdited, "sealed plan's digest"},
		"sealed: preview":   {sealed, `"libssl4"`, `"libssl5"`, plan.ErrEdited, "sealed plan's digest"},
		"sealed: no plan":   {sealed, `"kind":"SealedPlan"`, `"kind":"Plan"`, plan.ErrEdited, "unknown field"},
		"sealed, but a bit": {[]byte(`{"apiVersion":"ringfence.dev/v1","kind":"SealedPlan","plan":null,"preview":null,"digest":"x"}`), "", "", plan.ErrEdited, "holds a plan"},
		"bomb":              {[]byte(`{"a":` + strings.Repeat("[", 1_000_000)), "", "", plan.ErrNotPlan, "nested deeper"},
	} {
		file := c.file
		if c.from != "" {
			if file = bytes.Replace(file, []byte(c.from), []byte(c.to), 1); bytes.Equal(file, c.file) {
				t.Fatalf("%s: nothing to replace", name)
			}
		}
		_, _, err := plan.Load(bytes.NewReader(file))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.saying) {
			t.Errorf("%s: %v, want %v saying %q", name, err, c.want, c.saying)
		}
	}
	if _, err := plan.Seal(p, &plan.Preview{Plan: "sha256:other"}); err == nil {
		t.Error("a preview of another plan is sealed")
	}
}

// TestDigestIsNotEnough: a file that somebody edited and measured anew still must not lead a reader out of a list.
func TestDigestIsNotEnough(t *testing.T) {
	for name, spoil := range map[string]func(*plan.Plan){
		"change out of range": func(p *plan.Plan) { p.Rings[0].Waves[0].Change = 7 },
		"negative change":     func(p *plan.Plan) { p.Rings[0].Waves[0].Change = -1 },
		"ids with a gap":      func(p *plan.Plan) { p.Changes[0].ID = 3 },
		"empty change":        func(p *plan.Plan) { p.Changes[0].Updates = []plan.ChangeUpdate{} },
	} {
		p, _, _ := files(t)
		spoil(p)
		plan.Measure(p)
		file := bytesOf(t, func(w *bytes.Buffer) error { return p.Encode(w) })
		if _, _, err := plan.Load(bytes.NewReader(file)); !errors.Is(err, plan.ErrEdited) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzLoad: whatever loads is whole, safe to walk, and written again exactly as it was.
func FuzzLoad(f *testing.F) {
	_, whole, sealed := files(f)
	f.Add(whole)
	f.Add(sealed)
	f.Fuzz(func(t *testing.T, file []byte) {
		p, v, err := plan.Load(bytes.NewReader(file))
		if err != nil {
			for _, kind := range []error{plan.ErrEdited, plan.ErrNotPlan, plan.ErrTruncated} {
				if errors.Is(err, kind) {
					return
				}
			}
			t.Fatalf("an error of no kind: %v", err)
		}
		plan.Due(p, p.At)
		plan.NextDue(p, p.At)
		again := bytesOf(t, func(w *bytes.Buffer) error { return p.Encode(w) })
		q, _, err := plan.Load(bytes.NewReader(again))
		if err != nil || q.Digest != p.Digest {
			t.Fatalf("written again it does not load: %v", err)
		}
		if v != nil && v.Plan != p.Digest {
			t.Fatalf("the preview is of %s, the plan is %s", v.Plan, p.Digest)
		}
	})
}

// endless is a file that never ends, such as a device.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.read += len(p)
	return len(p), nil
}

// TestLoadDoesNotReadWhatIsNoPlan: memory is not filled with a file of which the first bytes say that it is no plan.
func TestLoadDoesNotReadWhatIsNoPlan(t *testing.T) {
	from := &endless{}
	_, _, err := plan.Load(from)
	if !errors.Is(err, plan.ErrNotPlan) || from.read > 1<<20 {
		t.Errorf("after %d bytes: %v", from.read, err)
	}
}
