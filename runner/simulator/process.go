package simulator

import (
	"fmt"

	"github.com/ringfence/ringfence/runner"
)

// process is a runner: a program on a machine with a disk, started again and again.
type process struct {
	w           *world
	name, site  string
	disk        *disk
	files       *drive            // of its journal
	kept        map[string]string // actions by entry that its journal has taken
	disks       int               // that it has had
	points      int               // places at which it could have died so far
	doomed      Way               // it died at a point, in this way
	current     *task             // that runs, or ran last
	alive       bool
	retired     bool // it never comes back
	pausedUntil second
	tasks       []*task
	main        *task
	inbox       []finished
	stop        bool // somebody asked it to stop
	run         *run
	runs        int
	nextIn      second // until the next run
	parallel    int
	newest      int // policy that it used itself
}

// finished is the end of a job, on its way to Step.
type finished struct {
	runner.Finished
	ending ending
}

func (w *world) newProcess(n int, site string) *process {
	p := &process{w: w, name: fmt.Sprintf("runner-%d", n), site: site, parallel: pick(w, []int{1, 1, 2, 8})}
	p.newDisk()
	return p
}

// newDisk gives it a machine that knows nothing.
func (p *process) newDisk() { p.disk, p.files, p.kept = &disk{}, newDrive(p), map[string]string{} }

// begin starts the program.
func (p *process) begin() {
	if p.alive || p.retired {
		return
	}
	p.alive, p.stop, p.inbox = true, false, nil
	p.main = p.w.spawn(p, func(t *task) {
		for {
			p.once(t)
			t.sleep(p.nextIn)
		}
	})
}

// kill ends the program at once, as SIGKILL and power cuts do. What it started on hosts goes on.
func (p *process) kill() {
	if !p.alive {
		return
	}
	p.end()
	how := p.doomed
	if how == "" {
		how = pick(p.w, Ways)
	}
	p.files = p.files.off(how)
	p.alive, p.pausedUntil, p.main, p.run, p.doomed = false, 0, nil, nil, ""
}

func (p *process) end() {
	for _, t := range p.tasks {
		if !t.over {
			t.over = true
			t.stop()
		}
	}
	p.tasks = nil
}

// once is one run and how long to wait for the next.
func (p *process) once(t *task) {
	w := p.w
	p.tasks = live(p.tasks)
	p.runs++
	r := &run{process: p, t: t, id: fmt.Sprintf("%s-%d", p.name, p.runs), nextIn: 6 * hour}
	p.run, p.stop, p.inbox = r, false, nil
	err := r.all()
	if err != nil {
		w.say("%s: the run ended: %v", p.name, err)
	}
	r.closeJournal()
	r.release()
	p.run = nil
	p.nextIn = w.between(3, 40) * minute
	if w.quiet {
		p.nextIn = r.nextIn
	}
}

func live(tasks []*task) []*task {
	var out []*task
	for _, t := range tasks {
		if !t.over {
			out = append(out, t)
		}
	}
	return out
}
