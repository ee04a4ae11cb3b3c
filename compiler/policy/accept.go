package policy

// Acceptance says that a tenant lives with a finding of check until a date.
type Acceptance struct {
	Code    string `json:"code"`
	Path    string `json:"path,omitempty"` // the field that the finding is about, or one around it; none: any
	Reason  string `json:"reason"`
	Expires string `json:"expires"` // an End
	Source  string `json:"source"`
}

// Name is the acceptance's key in a policy: "RF1026", or "RF1026 rings.late".
func (a Acceptance) Name() string {
	if a.Path == "" {
		return a.Code
	}
	return a.Code + " " + a.Path
}
