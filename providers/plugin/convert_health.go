package plugin

import (
	"github.com/ringfence/ringfence/providers"
	providerv1 "github.com/ringfence/ringfence/providers/proto/v1"
)

var checkStates = []string{string(providers.CheckOK), string(providers.CheckFailing), string(providers.CheckUnknown)}

func healthToWire(checks []providers.Check) *providerv1.HealthAnswer {
	return &providerv1.HealthAnswer{Checks: convert(checks, func(c providers.Check) *providerv1.Check {
		return &providerv1.Check{Name: text(c.Name), State: text(string(c.State)), Detail: text(c.Detail)}
	})}
}

func healthFromWire(w *providerv1.HealthAnswer) ([]providers.Check, error) {
	return convertErr(w.GetChecks(), func(c *providerv1.Check) (providers.Check, error) {
		out := providers.Check{Name: c.GetName(), State: providers.CheckState(c.GetState()), Detail: c.GetDetail()}
		return out, oneOf("state of a check", c.GetState(), checkStates)
	})
}
