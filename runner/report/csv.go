package report

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"
)

// CSV writes one row per tenant, ring and state, with a header row. Cells that a spreadsheet would run as a formula
// cannot occur: every cell is one of our own words, a validated name, a number or an instant.
func CSV(w io.Writer, reports []Report) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"tenant", "ring", "hosts", "scanned", "state", "updates", "at"}}
	for _, r := range reports {
		for _, ring := range r.Rings {
			for _, s := range States {
				if n := ring.States[s]; n > 0 {
					rows = append(rows, []string{
						r.Tenant, ring.Ring, strconv.Itoa(ring.Hosts), strconv.Itoa(ring.Scanned), string(s), strconv.Itoa(n),
						r.At.Format(time.RFC3339),
					})
				}
			}
		}
	}
	return c.WriteAll(rows)
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
