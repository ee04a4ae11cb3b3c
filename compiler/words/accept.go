package words

// accepted are the findings of check that the tenant lives with.
func (d describer) accepted() Section {
	if len(d.t.Accepts) == 0 {
		return Section{}
	}
	s := Section{Title: "Accepted findings", Lines: []Line{{Text: "These findings of check are known and accepted for a time. They change nothing of what is said above."}}}
	for _, x := range d.t.Accepts {
		about := "anywhere"
		if x.Path != "" {
			about = "about " + x.Path
		}
		s.Items = append(s.Items, Item{x.Name(), x.Source, []Line{{"Findings " + x.Code + " " + about + ", until " + end(x.Expires) + ". " + sentence(x.Reason), x.Source}}})
	}
	return s
}
