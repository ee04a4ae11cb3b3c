package words

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "github.com/ringfence/ringfence/internal/sameseed"
)

// TestPlainRule: rules as people write them are told in words; what cannot be told whole is left as it stands.
func TestPlainRule(t *testing.T) {
	for rule, want := range map[string]string{
		"FREQ=DAILY":                                    "every day",
		"FREQ=DAILY;INTERVAL=3":                         "every 3 days",
		"FREQ=WEEKLY":                                   "every week",
		"FREQ=WEEKLY;BYDAY=MO,FR":                       "every Monday and Friday",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=SA":               "every 2 weeks on Saturday",
		"FREQ=WEEKLY;BYDAY=SA;BYMONTH=1,7":              "every Saturday in January and July",
		"FREQ=WEEKLY;BYDAY=SA;WKST=SU":                  "every Saturday",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;WKST=MO":       "every 2 weeks on Saturday",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;WKST=SU":       "",
		"FREQ=MONTHLY;BYDAY=2TU":                        "on the second Tuesday of each month",
		"FREQ=MONTHLY;BYDAY=+1MO,-1FR":                  "on the first Monday and the last Friday of each month",
		"FREQ=MONTHLY;BYDAY=TU,3FR":                     "on every Tuesday and the third Friday of each month",
		"FREQ=MONTHLY;INTERVAL=3;BYDAY=1SU":             "every 3 months on the first Sunday",
		"FREQ=MONTHLY;BYMONTHDAY=1,-1":                  "on day 1 and the last day of each month",
		"FREQ=MONTHLY;BYDAY=1SU;BYMONTH=3,9":            "on the first Sunday of March and September",
		"FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU;BYMONTH=3,9": "",
		"FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13":           "",
		"FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=-1":       "",
		"FREQ=MONTHLY;BYDAY=-2MO":                       "",
		"FREQ=MONTHLY;BYMONTHDAY=-3":                    "",
		"FREQ=YEARLY":                                   "every year",
		"FREQ=YEARLY;INTERVAL=2":                        "every 2 years",
		"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24":          "every year on day 24 of December",
		"FREQ=YEARLY;BYMONTH=11;BYDAY=4TH":              "every year on the fourth Thursday of November",
		"FREQ=YEARLY;BYDAY=20MO":                        "",
		"FREQ=YEARLY;BYDAY=1MO":                         "",
		"FREQ=YEARLY;BYMONTH=5":                         "",
		"FREQ=YEARLY;BYWEEKNO=20":                       "",
		"FREQ=WEEKLY;COUNT=10":                          "every week, 10 times in all",
		"FREQ=WEEKLY;UNTIL=20271231":                    "every week, the last time on Fri 31 Dec 2027 or before",
		"FREQ=WEEKLY;UNTIL=20271231T000000Z":            "",
		"FREQ=HOURLY":                                   "",
		"":                                              "",
	} {
		got, ok := plainRule(rule)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %t, want %q", rule, got, ok, want)
		}
	}
}

// TestEveryPartOfARuleIsTold: taking a part away changes the words, or the rule is one that is not told.
func TestEveryPartOfARuleIsTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := []string{"FREQ=" + rapid.SampledFrom([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}).Draw(t, "freq")}
		for _, p := range [][]string{
			{"INTERVAL", "2", "3"},
			{"BYDAY", "MO", "SA,SU", "2TU", "-1FR,MO"},
			{"BYMONTHDAY", "1", "15,-1"},
			{"BYMONTH", "3", "1,12"},
			{"BYSETPOS", "1", "-1"},
			{"COUNT", "2", "9"},
			{"UNTIL", "20271231"},
			{"BYWEEKNO", "7"},
			{"BYYEARDAY", "100"},
		} {
			if rapid.IntRange(0, 3).Draw(t, "with "+p[0]) == 0 {
				parts = append(parts, p[0]+"="+rapid.SampledFrom(p[1:]).Draw(t, p[0]))
			}
		}
		words, ok := plainRule(strings.Join(parts, ";"))
		for i := 1; ok && i < len(parts); i++ {
			less := append(append([]string{}, parts[:i]...), parts[i+1:]...)
			if other, still := plainRule(strings.Join(less, ";")); still && other == words {
				t.Fatal(fmt.Sprint(parts, " and ", less, " are both ", words))
			}
		}
	})
}
