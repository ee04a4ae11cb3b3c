package plan_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/ringfence/ringfence/compiler/plan"
	"github.com/ringfence/ringfence/compiler/plan/plantest"
)

// BenchmarkBuild, two busy cores, Go 1.26: linear in hosts. Most of it is canonical JSON for the digest.
//
//	hosts=1,000     0.10 s
//	hosts=10,000    0.58 s
//	hosts=100,000   3.8 s   2.3 GB allocated in total
func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			in := plantest.Fleet(n)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				if _, err := plan.Build(in); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n*40), "ns/host-update")
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	p, err := plan.Build(plantest.Fleet(10_000))
	if err != nil {
		b.Fatal(err)
	}
	var file bytes.Buffer
	if err := p.Encode(&file); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := plan.Load(bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	p, err := plan.Build(plantest.Fleet(10_000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Encode(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
