package command

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/internal/answercache"
	"github.com/ringfence/ringfence/internal/limited"
	"github.com/ringfence/ringfence/internal/sandbox"
)

// compiling is how this program compiles: in children with limits, with the answers of earlier compilations at hand.
func (a *app) compiling() compiler.Options {
	options := compiler.Options{Evaluator: a.pool(), Tool: a.tool()}
	if a.named != "" {
		options.Only = []string{a.named}
	}
	if cache := a.cache(); cache != nil {
		options.Cache = cache
	}
	return options
}

// tool names this very program and its limits, under which answers are kept.
func (a *app) tool() string {
	return version() + " " + sandbox.Build(a.Executable) + " " + limited.Limits()
}

// pool has the children in which users' CUE and Rego run.
func (a *app) pool() *limited.Pool {
	if a.children == nil {
		a.children = limited.New(a.Executable)
	}
	return a.children
}

// ahead starts a child while the repository is read, if it will surely be asked: nothing was ever answered before.
func (a *app) ahead() {
	if c := a.cache(); c == nil || c.Empty() {
		a.pool().Ahead()
	}
}

// closePool ends the children, and forgets what the cache has too much of.
func (a *app) closePool() {
	if a.children != nil {
		a.children.Close()
	}
	if a.cached != nil {
		a.cached.Trim()
	}
}

// cache is opened once.
func (a *app) cache() *answercache.Cache {
	if !a.cacheKnown {
		a.cached, a.cacheKnown = a.openCache(), true
	}
	return a.cached
}

// openCache opens the folder of RINGFENCE_CACHE_DIR, or the user's own. A folder that others could write to is not used:
// what lies there becomes policy.
func (a *app) openCache() *answercache.Cache {
	dir := a.Getenv("RINGFENCE_CACHE_DIR")
	switch dir {
	case "off":
		return nil
	case "":
		if dir = a.userCache(); dir == "" {
			return nil
		}
	}
	c, err := answercache.Open(join(a.Dir, dir))
	if err != nil {
		if a.Getenv("RINGFENCE_CACHE_DIR") != "" {
			a.out.say("nothing is cached: %v", err)
		}
		return nil
	}
	return c
}

func (a *app) userCache() string {
	if runtime.GOOS == "linux" {
		if dir := a.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, "ringfence")
		}
		if home := a.Getenv("HOME"); home != "" {
			return filepath.Join(home, ".cache", "ringfence")
		}
		return ""
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "ringfence")
}

// SandboxMode is the argument by which the program becomes a child of itself.
const SandboxMode = limited.Mode

// sandboxed runs the program as a child that compiles, if that is what it was started as.
func sandboxed(args []string, env Env) (code int, ok bool) {
	if len(args) != 1 || args[0] != SandboxMode {
		return 0, false
	}
	if err := limited.Serve(env.Stdin, env.Stdout); err != nil {
		fmt.Fprintln(env.Stderr, "error:", err)
		return ExitError, true
	}
	return ExitOK, true
}

// compile compiles the workspace's tree.
func (a *app) compile(ctx context.Context, w *workspace) {
	options := a.compiling()
	w.set, w.list = compiler.Compile(ctx, w.tree, options)
	w.list.Sort()
}
