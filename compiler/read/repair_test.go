package read

import "testing"

func TestDurationFix(t *testing.T) {
	for in, want := range map[string]string{
		"3 days": `write "3d"`, "2w": `write "14d"`, "48H": `write "48h"`, "72 hours": `write "72h"`, "PT48H": `write "48h"`,
		"P1DT12H": `write "36h"`, "P2D": `write "2d"`, "1.5h": `write "1h30m"`, "30m1h": `write "1h30m"`, "90 min": `write "1h30m"`,
		"48": `give it a unit, such as "48h"`, "": "", "-1h": "", "soon": "", "P1M": "", "99999999999d": "",
		"1 month": "months and years differ in length: write days, hours, minutes and seconds",
	} {
		if got := durationFix(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}

func TestPercentFix(t *testing.T) {
	for in, want := range map[string]string{
		"95 %": `write "95%"`, "95": `write "95%"`, "0.95": `write "95%"`, "12.5%": `write "12%"`,
		"101%": "", "0%": "", "0": "", "NaN": "", "Inf%": "", "all": "", "": "",
	} {
		if got := percentFix(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}

func TestTimeFix(t *testing.T) {
	for _, c := range []struct{ layout, in, want string }{
		{"15:04", "9:00", `write "09:00"`},
		{"15:04", "2200", `write "22:00"`},
		{"15:04", "10:00 pm", `write "22:00"`},
		{"15:04", "10pm", `write "22:00"`},
		{"15:04", "22:00:00", `write "22:00"`},
		{"15:04", "24:00", `a day ends where the next one begins: write "00:00", and the days after`},
		{"15:04", "25:00", ""},
		{dateLayout, "5.12.2026", `write "2026-12-05"`},
		{dateLayout, "2026-12-5", `write "2026-12-05"`},
		{dateLayout, "12/05/2026", ""}, // the fifth of December or the twelfth of May
		{dateLayout, "2026-02-30", "February 2026 has 28 days"},
		{dateLayout, "2028-02-30", "February 2028 has 29 days"},
		{dateLayout, "2026-13-01", "a date is year-month-day; there are twelve months"},
		{wallLayout, "2026-12-18", `write "2026-12-18T00:00"`},
		{wallLayout, "2026-12-18 18:00", `write "2026-12-18T18:00"`},
		{wallLayout, "18.12.2026 18:00", `write "2026-12-18T18:00"`},
		{wallLayout, "2026-12-18T18:00Z", `a wall time has no zone: write "2026-12-18T18:00" as clocks in the tenant's time zone show it`},
		{wallLayout, "tomorrow", ""},
	} {
		if got := timeFix(c.layout, c.in); got != c.want {
			t.Errorf("%s %q: %q, not %q", c.layout, c.in, got, c.want)
		}
	}
}
