package command

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/ringfence/ringfence/compiler"
	"github.com/ringfence/ringfence/compiler/decide"
	"github.com/ringfence/ringfence/internal/answercache"
	"github.com/ringfence/ringfence/internal/sandbox"
)

// compiling is how this program compiles: in children with limits, with the answers of earlier compilations at hand.
// What it returns must be closed with the second result.
func (a *app) compiling() (compiler.Options, func()) {
	options := compiler.Options{CheckModules: decide.CheckModules, Tool: version() + " " + sandbox.Build(a.Executable)}
	if a.named != "" {
		options.Only = []string{a.named}
	}
	closeAll := func() {}
	if a.Executable != "" {
		e := newEvaluator(a.Executable)
		options.Evaluator, closeAll = e, e.close
	}
	if cache := a.cache(); cache != nil {
		options.Cache = cache
		then := closeAll
		closeAll = func() { then(); cache.Trim() }
	}
	return options, closeAll
}

// cache opens the folder of RINGFENCE_CACHE_DIR, or the user's own. A folder that others could write to is not used:
// what lies there becomes policy.
func (a *app) cache() *answercache.Cache {
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

// sandboxed runs the program as a child that compiles, if that is what it was started as.
func sandboxed(args []string, env Env) (code int, ok bool) {
	if len(args) != 1 || args[0] != SandboxMode {
		return 0, false
	}
	if err := compileChild(env.Stdin, env.Stdout); err != nil {
		fmt.Fprintln(env.Stderr, "error:", err)
		return ExitError, true
	}
	return ExitOK, true
}

// compile compiles the workspace's tree.
func (a *app) compile(ctx context.Context, w *workspace) {
	options, closeAll := a.compiling()
	defer closeAll()
	w.set, w.list = compiler.Compile(ctx, w.tree, options)
	w.list.Sort()
}
