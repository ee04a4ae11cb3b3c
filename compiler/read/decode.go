package read

import (
	"cmp"
	"io/fs"
	"slices"

	"github.com/ringfence/ringfence/compiler/diag"
	"github.com/ringfence/ringfence/compiler/policy"
	"github.com/ringfence/ringfence/internal/canonical"
)

var days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// tenant reads a whole tenant but for its hosts and modules. It also returns where it names its hosts files.
func (n node) tenant(name string) (*policy.Tenant, []node) {
	t := &policy.Tenant{
		APIVersion: canonical.APIVersion, Kind: "Policy", Name: name,
		Timezone: n.get("timezone").mark().matching(anyText, diag.UnknownZone, `an IANA time zone such as "Europe/Berlin"`),
		Rings:    each(n.get("rings"), node.ring),
		Hosts:    []policy.Host{},
		Groups:   n.get("groups").groups(),
		Modules:  []policy.Module{},
		Source:   n.source(),
	}
	if b := n.get("testClock").boolean(); b != nil {
		t.TestClock = *b
	}
	if b := n.get("breaker").boolean(); b != nil {
		t.Breaker = *b
	}
	t.Disabled = n.off()
	t.Windows, t.Lanes, t.Freezes = present(n.get("windows"), t, node.window), present(n.get("lanes"), t, node.lane), present(n.get("freezes"), t, node.freeze)
	for _, f := range n.get("exploited").fields() {
		t.Exploited = append(t.Exploited, f.declared())
	}
	if b := n.get("sharesEvidence").boolean(); b != nil {
		t.SharesEvidence = *b
	}
	for i := range t.Rings {
		if s := t.Rings[i].Share; s != nil {
			s.Seed = name
		}
	}
	n.approval(t)
	slices.Sort(t.Off)
	files := n.get("hosts").items()
	for _, f := range files {
		f.inner(diag.BadHostsFile, "hosts.yaml")
	}
	t.Accepts = n.get("accept").acceptances()
	t.Lines = n.lines("timezone", "enabled", "breaker", "sharesEvidence", "testClock")
	return t, files
}

// lines are where fields are set, by their name; of what is not set, there is none.
func (n node) lines(fields ...string) map[string]string {
	out := map[string]string{}
	for _, name := range fields {
		if f := n.get(name); f.exists() {
			out[name] = f.place().Label.String()
		}
	}
	return out
}

// inner reads a path that stays inside the directory of its file.
func (n node) inner(code diag.Code, example string) string {
	s := n.str("a file's path")
	if s != "" && !fs.ValidPath(s) || n.isEmptyString() {
		n.reject(code, "must be a path inside the tenant's directory, such as %q, not %q", example, diag.Short(s))
		return ""
	}
	return s
}

// each reads every entry of a struct; the result is sorted by name and never nil.
func each[T any](n node, read func(node) T) []T {
	out := []T{}
	for _, f := range n.fields() {
		out = append(out, read(f))
	}
	return out
}

func (n node) ring() policy.Ring {
	one, several := n.get("window").mark().windows()
	rebootsIn, rebootsInAny := n.get("rebootWindow").mark().windows()
	equal, by := n.get("select").selector()
	return policy.Ring{
		Name:           n.label(),
		Window:         one,
		Windows:        several,
		Select:         equal,
		SelectBy:       by,
		Share:          n.get("share").share(),
		Requires:       n.get("requires").gates(),
		RequiresAny:    n.get("requires").get(anyOf).alternatives(),
		MaxUnavailable: cmp.Or(n.get("maxUnavailable").amount(), policy.Amount{Percent: 25}),
		UnavailablePer: n.get("maxUnavailablePer").mark().amounts(),
		StopAtFailures: cmp.Or(n.get("stopAtFailures").integer(1, maxCount), 1),
		Reboot:         cmp.Or(n.get("reboot").reboot(), policy.RebootNever),
		RebootWindow:   rebootsIn,
		RebootWindows:  rebootsInAny,
		CatchUp:        n.get("catchUp").catchUp(),
		Source:         n.source(),
		SelectSource:   n.get("select").source(),
	}
}

// amounts reads a bound for each label.
func (n node) amounts() []policy.LabelAmount {
	var out []policy.LabelAmount
	for _, f := range n.fields() {
		out = append(out, policy.LabelAmount{Label: f.label(), Most: f.mark().amount()})
	}
	return out
}

// ref reads the name of something else.
func (n node) ref() string {
	return n.matching(nameGrammar, diag.WrongValue, aName)
}

func (n node) reboot() policy.Reboot {
	return policy.Reboot(n.enum(string(policy.RebootNever), string(policy.RebootIfRequired)))
}

func (n node) lane() policy.Lane {
	one, several := n.get("window").mark().windows()
	l := policy.Lane{
		Name:     n.label(),
		Window:   one,
		Windows:  several,
		Match:    n.get("match").match(),
		Reboot:   n.get("reboot").reboot(),
		Priority: n.get("priority").integer(-maxCount, maxCount),
		Source:   n.source(),
	}
	if c := n.get("canary"); c.exists() {
		l.Canary = c.mark().amount()
	}
	l.StaleAfter = n.get("staleAfter").positive()
	n.get("passes").some("a freeze")
	for _, f := range n.get("passes").mark().items() {
		l.Passes = append(l.Passes, f.ref())
	}
	slices.Sort(l.Passes)
	l.Passes = slices.Compact(l.Passes)
	if s := n.get("soak"); s.exists() {
		d := s.duration()
		l.Soak = &d
	}
	return l
}

// catchUp reads the rule for hosts that were away; the default one is the zero value.
func (n node) catchUp() policy.CatchUp {
	if !n.exists() {
		return policy.CatchUp{}
	}
	n.mark()
	before := len(n.r.diags)
	as := policy.CatchUpAs(n.get("as").enum(string(policy.CatchUpNext), string(policy.CatchUpSeen), string(policy.CatchUpSkip)))
	c := policy.CatchUp{As: as, Within: n.get("within").mark().ref()}
	switch within := n.get("within"); {
	case len(n.r.diags) > before || as == "":
	case as == policy.CatchUpSeen && !within.exists():
		n.rejectWith(diag.New(diag.WrongValue, "%s must say within: the window in which a host is caught up as soon as it is seen", n.name()).
			WithFix("name a window, such as within: \"quiet\""))
	case as != policy.CatchUpSeen && within.exists():
		within.rejectWith(diag.New(diag.WrongValue, "%s belongs to as: %q alone", within.name(), policy.CatchUpSeen).WithFix("remove it"))
	}
	if as == policy.CatchUpNext {
		return policy.CatchUp{}
	}
	return c
}
