package simulator

// Scene is a world in which only some things go wrong, so that one crash at a time can be looked at.
type Scene struct {
	Name    string
	Seed    uint64
	runners int
	gone    bool // the runner that dies never comes back
	mood    mood
	trouble []func(*world)
}

// prepare plans what goes wrong until an instant. Halts come only if they are asked for.
func (s *Scene) prepare(w *world, end second) {
	w.haltStep = 0
	for _, kind := range s.trouble {
		for range 3 {
			w.at(w.started+second(w.random.Int64N(int64(end-w.started))), func() { w.soon(func() { kind(w) }, 20) })
		}
	}
}

// Scenes are those that every crash point is tried in.
var Scenes = []Scene{
	{Name: "one runner and nothing else", runners: 1},
	{Name: "two runners", runners: 2},
	{Name: "four runners", runners: 4},
	{Name: "a runner that never comes back", runners: 2, gone: true},
	{Name: "the first of four never comes back", runners: 4, gone: true},
	{Name: "slow answers", runners: 2, mood: mood{slow: 100}},
	{Name: "slow answers, and it never comes back", runners: 3, gone: true, mood: mood{slow: 100}},
	{Name: "answers of the remote are lost", runners: 2, mood: mood{lostAnswers: 150}},
	{Name: "the remote refuses", runners: 2, trouble: []func(*world){(*world).remoteRefuses}},
	{Name: "the remote is down", runners: 2, trouble: []func(*world){(*world).remoteDown}},
	{Name: "the remote is frozen", runners: 2, trouble: []func(*world){(*world).freezeRemote}},
	{Name: "the remote is rolled back", runners: 3, trouble: []func(*world){(*world).rollBack}},
	{Name: "halt orders cannot be read", runners: 2, trouble: []func(*world){(*world).muteControl}},
	{Name: "halts", runners: 1, mood: mood{halts: 300}, trouble: []func(*world){(*world).haltAll}},
	{Name: "halts, and it never comes back", runners: 2, gone: true, mood: mood{halts: 300}, trouble: []func(*world){(*world).haltAll}},
	{Name: "installations fail", runners: 2, mood: mood{fails: 200}},
	{Name: "hosts lie", runners: 2, mood: mood{lies: 200}},
	{Name: "hosts restart", runners: 2, trouble: []func(*world){(*world).restartSome}},
	{Name: "hosts restart twice", runners: 1, mood: mood{again: 900}, trouble: []func(*world){(*world).restartSome}},
	{Name: "hosts are cut off", runners: 2, trouble: []func(*world){(*world).cutLink, (*world).cutLink}},
	{Name: "starts arrive twice", runners: 2, mood: mood{twice: 500}},
	{Name: "plugins fail", runners: 2, mood: mood{plugins: 100}},
	{Name: "old policies are served", runners: 2, mood: mood{oldPolicy: 300}, trouble: []func(*world){(*world).newPolicy}},
	{Name: "successes that were none", runners: 2, mood: mood{late: 100}},
	{Name: "disks fail", runners: 1, mood: mood{disk: 30}},
	{Name: "disks are lost", runners: 2, trouble: []func(*world){(*world).deleteDisk}},
	{Name: "runs are interrupted", runners: 1, trouble: []func(*world){(*world).interruptSome}},
	{Name: "runners stop for a while", runners: 2, mood: mood{pauses: 6}, trouble: []func(*world){(*world).pauseSome}},
	{Name: "more than one crash", runners: 2, mood: mood{crashes: 8}, trouble: []func(*world){(*world).killSome}},
	{
		Name: "all at once", runners: 3, mood: mood{30, 50, 50, 30, 30, 60, 60, 100, 5, 200, 20, 4, 4},
		trouble: []func(*world){(*world).haltAll, (*world).remoteDown, (*world).restartSome, (*world).cutLink, (*world).newPolicy},
	},
}

// firstScene is the seed of the first one.
const firstScene = 1_000

func init() {
	for i := range Scenes {
		Scenes[i].Seed = firstScene + uint64(i)
	}
}
