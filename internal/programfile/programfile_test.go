package programfile

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// TestWrittenProgramsStart writes and starts programs while others fork as fast as they can. With os.WriteFile in the
// place of [Write] it fails within the first hundred.
func TestWrittenProgramsStart(t *testing.T) {
	dir := t.TempDir()
	stop := make(chan struct{})
	var forking sync.WaitGroup
	for range 4 {
		forking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_ = exec.Command("/bin/true").Run()
				}
			}
		})
	}
	defer forking.Wait()
	defer close(stop)
	for i := range 400 {
		path := filepath.Join(dir, strconv.Itoa(i))
		if err := Write(path, []byte("#!/bin/sh\nexit 0\n")); err != nil {
			t.Fatal(err)
		}
		if err := exec.Command(path).Run(); err != nil {
			t.Fatalf("program %d: %v", i, err)
		}
	}
}
