package decide

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ringfence/ringfence/compiler/inventory"
)

func BenchmarkAnswers(b *testing.B) {
	v := evaluator(b, tenant())
	updates := distinct(1000)
	b.ResetTimer()
	for b.Loop() {
		v.Answers(context.Background(), updates)
	}
	b.ReportMetric(float64(b.N*len(updates))/b.Elapsed().Seconds(), "decisions/s")
}

// distinct makes updates of as many classes.
func distinct(n int) []inventory.Update {
	released := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	out := make([]inventory.Update, n)
	for i := range out {
		name := fmt.Sprintf("package-%d", i)
		out[i] = inventory.Update{
			PURL: "pkg:deb/debian/" + name + "@1.2.3-4?arch=amd64", Name: name, Version: "1.2.3-4",
			Class: inventory.Classes[i%len(inventory.Classes)], Severity: inventory.Severities[i%len(inventory.Severities)],
			Origin: "Debian-Security", Released: &released, Exploited: i%17 == 0,
			Advisories: []string{fmt.Sprintf("DSA-%d-1", i)}, CVEs: []string{fmt.Sprintf("CVE-2026-%04d", i)},
		}
	}
	return out
}
