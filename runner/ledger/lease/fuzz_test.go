package lease

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/runner/ledger"
)

func FuzzDecode(f *testing.F) {
	l := want("a", t0.Add(time.Hour))
	l.Taken, l.Fence = t0, 3
	raw, err := ledger.Encode(l.filled())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := Decode(raw)
		if err != nil {
			return
		}
		_ = (&HeldError{l}).Error()
		written, err := ledger.Encode(l.filled())
		if err != nil {
			t.Fatal(err)
		}
		other, err := Decode(written)
		if err != nil {
			t.Fatalf("written again it is no lease: %v\n%s", err, written)
		}
		if other.Fence != l.Fence || other.Holder != l.Holder {
			t.Errorf("written again it is %+v", other)
		}
	})
}
