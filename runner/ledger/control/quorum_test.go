package control

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"

	"github.com/ringfence/ringfence/internal/signing"
	"github.com/ringfence/ringfence/runner/ledger/remote/remotetest"
)

func voice(name string) Voice { return Voice{Name: name, Key: "key of " + name} }

var nobody = Voice{Why: "unsigned"}

func order(kind Kind, tenant string, v Voice) spoken {
	return spoken{Order{Kind: kind, Tenant: tenant, Reason: "x", By: "x", At: t0}, v}
}

// shown is what stands: tenants and updates, each with who agreed.
func shown(c Orders) string {
	var out []string
	for _, s := range slices.Concat(c.Halts, c.Breaks) {
		out = append(out, fmt.Sprintf("%s%s%v", s.Tenant, s.Update, s.People()))
	}
	return strings.Join(out, " ")
}

func TestQuorum(t *testing.T) {
	two := Quorum{Persons: 2}
	h, u := func(tenant string, v Voice) spoken { return order(Halt, tenant, v) }, func(tenant string, v Voice) spoken { return order(Unhalt, tenant, v) }
	ann, bob := voice("ann,ann@msp.example"), voice("bob")
	early := u("acme", bob)
	early.At = t0.Add(-time.Second)
	purl := "pkg:deb/debian/openssl@3"
	b := spoken{Order{Kind: Break, Tenant: Everyone, Update: purl, Hosts: 3, Tenants: 2, At: t0}, nobody}
	r := func(v Voice, upTo time.Time) spoken {
		return spoken{Order{Kind: Unbreak, Tenant: Everyone, Update: purl, UpTo: &upTo, At: t0}, v}
	}
	for name, c := range map[string]struct {
		q      Quorum
		orders []spoken
		want   string
	}{
		"nothing asked for":          {Quorum{}, []spoken{h("acme", nobody), u("acme", nobody)}, ""},
		"signed, by nobody":          {Quorum{Signed: true}, []spoken{h("acme", nobody), u("acme", nobody)}, "acme[]"},
		"signed":                     {Quorum{Signed: true}, []spoken{h("acme", nobody), u("acme", ann)}, ""},
		"one of two":                 {two, []spoken{h("acme", nobody), u("acme", ann)}, "acme[ann,ann@msp.example]"},
		"two of two":                 {two, []spoken{h("acme", nobody), u("acme", ann), u("acme", bob)}, ""},
		"who halted may agree":       {two, []spoken{h("acme", ann), u("acme", bob), u("acme", ann)}, ""},
		"twice the same":             {two, []spoken{h("acme", nobody), u("acme", ann), u("acme", ann)}, "acme[ann,ann@msp.example]"},
		"two keys":                   {two, []spoken{h("acme", nobody), u("acme", ann), u("acme", Voice{Name: "ANN", Key: "other"})}, "acme[ann,ann@msp.example]"},
		"one key on two lines":       {two, []spoken{h("acme", nobody), u("acme", bob), u("acme", Voice{Name: "bert", Key: bob.Key})}, "acme[bob]"},
		"unsigned ones":              {two, []spoken{h("acme", nobody), u("acme", nobody), u("acme", nobody), u("acme", ann)}, "acme[ann,ann@msp.example]"},
		"another tenant":             {two, []spoken{h("acme", nobody), u("globex", ann), u("*", bob)}, "acme[]"},
		"all and one are apart":      {two, []spoken{h("*", nobody), h("acme", nobody), u("*", ann), u("*", bob)}, "acme[]"},
		"a halt that came in":        {two, []spoken{h("acme", nobody), u("acme", ann), h("acme", nobody), u("acme", bob)}, "acme[bob]"},
		"and is agreed on":           {two, []spoken{h("acme", nobody), u("acme", ann), h("acme", nobody), u("acme", bob), u("acme", ann)}, ""},
		"before it was ordered":      {two, []spoken{u("acme", ann), h("acme", nobody), u("acme", bob)}, "acme[bob]"},
		"dated before it":            {two, []spoken{h("acme", nobody), u("acme", ann), early}, "acme[ann,ann@msp.example]"},
		"a break, one of two":        {two, []spoken{b, b, r(ann, t0)}, "*" + purl + "[ann,ann@msp.example]"},
		"a break, two of two":        {two, []spoken{b, r(ann, t0), r(bob, t0)}, ""},
		"a break is no halt":         {two, []spoken{b, u("*", ann), u("*", bob)}, "*" + purl + "[]"},
		"broken again":               {two, []spoken{b, r(ann, t0), r(bob, t0), b}, "*" + purl + "[]"},
		"bob and bert are one, then": {Quorum{Persons: 3}, []spoken{h("acme", nobody), u("acme", voice("bob")), u("acme", voice("bert")), u("acme", voice("bert,bob"))}, "acme[bob bert]"},
	} {
		if got := shown(c.q.standing(c.orders)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	released := two.standing([]spoken{b, r(ann, t0.Add(time.Hour)), r(bob, t0)}).Released
	if !released[purl].Equal(t0) {
		t.Errorf("forgiven: %v; only what everybody saw may be", released)
	}
}

// TestNoHaltIsLiftedByFewer gives any orders in any order: a halt goes only once as many persons as are asked for have
// signed an order to lift it, after it was given; and then it goes.
func TestNoHaltIsLiftedByFewer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := Quorum{Persons: rapid.IntRange(0, 4).Draw(t, "persons"), Signed: rapid.Bool().Draw(t, "signed")}
		type given struct {
			tenant string
			who    map[string]bool
		}
		var want []*given
		var c Orders
		for i := range rapid.IntRange(0, 25).Draw(t, "orders") {
			person := rapid.SampledFrom([]string{"", "ann", "bob", "cid", "dot", "eve"}).Draw(t, "person")
			v := nobody
			if person != "" { // each has keys of their own and several names
				name := rapid.SampledFrom([]string{person, person + "," + person + "@msp.example", strings.ToUpper(person)}).Draw(t, "name")
				v = Voice{Name: name, Key: fmt.Sprint(person, rapid.IntRange(0, 2).Draw(t, "key"))}
			}
			o := order(rapid.SampledFrom([]Kind{Halt, Unhalt}).Draw(t, "kind"), rapid.SampledFrom([]string{"acme", "globex", Everyone}).Draw(t, "tenant"), v)
			o.At = t0.Add(time.Duration(i) * time.Minute)
			c = q.after(c, o)
			if o.Kind == Halt {
				want = append(want, &given{o.Tenant, map[string]bool{}})
				continue
			}
			for _, g := range want {
				if g.tenant == o.Tenant && (person != "" || !q.Named()) {
					g.who[person] = true
				}
			}
			want = slices.DeleteFunc(want, func(g *given) bool { return len(g.who) >= max(1, q.Persons) })
		}
		var stand, have []string
		for _, g := range want {
			stand = append(stand, fmt.Sprint(g.tenant, len(g.who)))
		}
		for _, s := range c.Halts {
			have = append(have, fmt.Sprint(s.Tenant, heads(s.Agreed)))
		}
		if !slices.Equal(have, stand) {
			t.Fatalf("%v stand, want %v", have, stand)
		}
	})
}

// person is a key and its line of allowed_signers.
func person(t *testing.T, seed byte, line string) (func([]byte) ([]byte, error), string) {
	t.Helper()
	k := ed25519.NewKeyFromSeed(slices.Repeat([]byte{seed}, 32))
	signer, err := ssh.NewSignerFromKey(k)
	if err != nil {
		t.Fatal(err)
	}
	key := signing.FromSigner(signer)
	return key.Sign, strings.ReplaceAll(line, "KEY", key.PublicKey())
}

// TestSignedOrders writes real orders with real keys: whose signature does not count lifts nothing and is told before
// anything is written.
func TestSignedOrders(t *testing.T) {
	ann, l1 := person(t, 1, "ann KEY")
	bob, l2 := person(t, 2, `bob namespaces="git" KEY`)
	left, l3 := person(t, 3, `left valid-before="20250101Z" KEY`)
	files, l4 := person(t, 4, `files namespaces="file" KEY`)
	team, l5 := person(t, 5, "*@msp.example KEY")
	second, l6 := person(t, 6, "ann KEY")
	foreign, _ := person(t, 7, "")
	signers, err := signing.ParseSigners([]byte(strings.Join([]string{l1, l2, l3, l4, l5, l6}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	q := Quorum{Persons: 2, Signers: signers}
	s := remotetest.NewSite(t, remotetest.Bare(t))
	by := func(sign func([]byte) ([]byte, error)) *Switch {
		o := remotetest.Quick()
		o.Sign = sign
		return Open(s.Repo, o, q)
	}
	for i, step := range []struct {
		sign func([]byte) ([]byte, error)
		kind Kind
		err  error
		want string
	}{
		{nil, Halt, nil, "acme[]"},
		{nil, Unhalt, ErrNoVoice, "acme[]"},
		{foreign, Unhalt, ErrNoVoice, "acme[]"},
		{left, Unhalt, ErrNoVoice, "acme[]"},
		{files, Unhalt, ErrNoVoice, "acme[]"},
		{team, Unhalt, ErrNoVoice, "acme[]"},
		{ann, Unhalt, nil, "acme[ann]"},
		{ann, Unhalt, ErrAgreed, "acme[ann]"},
		{second, Unhalt, ErrAgreed, "acme[ann]"},
		{bob, Unhalt, nil, ""},
		{bob, Unhalt, ErrNotHalted, ""},
		{foreign, Halt, nil, "acme[]"},
	} {
		if err := give(t.Context(), by(step.sign), step.kind, halt("acme", "x")); !errors.Is(err, step.err) {
			t.Fatalf("step %d: %v, want %v", i, err, step.err)
		}
		if c, err := by(nil).ReadHalts(t.Context(), t0); err != nil || shown(c) != step.want {
			t.Errorf("step %d: %q, %v, want %q", i, shown(c), err, step.want)
		}
	}
	// What somebody without this policy wrote is read, and counts for nothing.
	if err := give(t.Context(), Open(s.Repo, remotetest.Quick(), Quorum{}), Unhalt, halt("acme", "x")); err != nil {
		t.Fatal(err)
	}
	if c, err := by(nil).Known(t.Context()); err != nil || shown(c) != "acme[]" || !strings.HasPrefix(c.Halts[0].Voice.String(), "its signature does not count") {
		t.Errorf("%q, %v, %v", shown(c), c.Halts, err)
	}
}

// TestAHaltOfTheFuture is given by a machine whose clock runs years ahead. Who may lift a halt today lifts it, although
// their key ends before the time that it claims; a key that has ended already lifts nothing.
func TestAHaltOfTheFuture(t *testing.T) {
	now := t0
	ann, l1 := person(t, 1, fmt.Sprintf(`ann valid-before="%s" KEY`, t0.AddDate(1, 0, 0).Format("20060102Z")))
	left, l2 := person(t, 2, fmt.Sprintf(`left valid-before="%s" KEY`, t0.AddDate(0, -1, 0).Format("20060102Z")))
	signers, err := signing.ParseSigners([]byte(l1 + "\n" + l2))
	if err != nil {
		t.Fatal(err)
	}
	s := remotetest.NewSite(t, remotetest.Bare(t))
	by := func(sign func([]byte) ([]byte, error)) *Switch {
		o := remotetest.Quick()
		o.Sign = sign
		return Open(s.Repo, o, Quorum{Signed: true, Signers: signers, Now: func() time.Time { return now }})
	}
	ahead := halt("acme", "smoke")
	ahead.At = t0.AddDate(4, 0, 0)
	if err := give(t.Context(), by(nil), Halt, ahead); err != nil {
		t.Fatal(err)
	}
	if err := give(t.Context(), by(left), Unhalt, halt("acme", "let me in")); !errors.Is(err, ErrNoVoice) {
		t.Errorf("by a key that has ended: %v", err)
	}
	if err := give(t.Context(), by(ann), Unhalt, halt("acme", "no smoke")); err != nil {
		t.Errorf("by a key of today: %v", err)
	}
	for day, want := range map[time.Time]string{t0: "", t0.AddDate(2, 0, 0): "acme[]"} {
		now = day
		if c, err := by(nil).ReadHalts(t.Context(), now); err != nil || shown(c) != want {
			t.Errorf("%s: %q, %v, want %q", day.Format(time.DateOnly), shown(c), err, want)
		}
	}
}

func TestEnough(t *testing.T) {
	_, ann := person(t, 1, "ann KEY")
	_, again := person(t, 2, "ann KEY")
	_, bob := person(t, 3, "bob KEY")
	_, shared := person(t, 1, "bert KEY")
	_, all := person(t, 4, "* KEY")
	for want, lists := range map[bool][]string{true: {ann + "\n" + bob}, false: {"", ann, ann + "\n" + again, ann + "\n" + shared, ann + "\n" + all}} {
		for _, list := range lists {
			signers, err := signing.ParseSigners([]byte(list))
			if err != nil {
				t.Fatal(err)
			}
			if got := (Quorum{Persons: 2, Signers: signers}).Enough(); got != want {
				t.Errorf("%v of:\n%s", got, list)
			}
		}
	}
	if (Quorum{Signed: true}).Enough() || !(Quorum{}).Enough() {
		t.Error("without a list nobody can sign, and somebody can go unsigned")
	}
}
