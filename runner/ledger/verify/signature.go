package verify

import (
	"errors"
	"time"

	"github.com/ringfence/ringfence/internal/signing"
	"github.com/ringfence/ringfence/runner/ledger"
)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// signature judges a record's signature at the time of the record. Unsigned records are kept back: they count only if
// a signed one follows, which names them by its parent.
func (v *verifier) signature(s *step) {
	payload, armored, err := v.Repo.Signature(s.commit.Hash)
	if err != nil {
		return // form has told
	}
	if armored != nil {
		v.report.WithSignature++
	}
	if v.Signers == nil {
		return
	}
	if armored == nil {
		v.unsigned = append(v.unsigned, s)
		return
	}
	who, err := v.Signers.Verify(payload, armored, s.record.At)
	if errors.Is(err, signing.ErrNotValid) { // it may have been when the signer's clock said so
		who, err = v.Signers.Verify(payload, armored, s.record.At.Add(-ledger.Skew))
	}
	if err != nil {
		v.found(s, codeOf(err), "%v", err)
		return
	}
	v.vouched()
	v.report.Signed++
	v.signedBy(who)
	if name := [2]string{s.record.Runner, who.Principal}; !who.Names(name[0]) && !v.unnamed[name] {
		v.unnamed[name] = true
		v.warn(s, NoName, "runner %q wrote it with the key of %s; RINGFENCE_RUNNER says what a runner is called", s.record.Runner, who.Principal)
	}
}

func codeOf(err error) Code {
	switch {
	case errors.Is(err, signing.ErrUnknownKey):
		return UnknownKey
	case errors.Is(err, signing.ErrNotValid):
		return NotValid
	}
	return Signature
}

func (v *verifier) signedBy(who signing.Signer) {
	for i := range v.report.Signers {
		if v.report.Signers[i].Line == who.Line {
			v.report.Signers[i].Records++
			return
		}
	}
	v.report.Signers = append(v.report.Signers, SignerCount{who.Principal, who.Fingerprint, 1, who.Line})
}

// vouched: a signed record names all that came before it. So records from before anybody signed are only worth a
// remark; one without a signature among signed ones is an error all the same, since its writer had no key.
func (v *verifier) vouched() {
	for _, s := range v.unsigned {
		if v.anchored {
			v.found(s, Unsigned, "it has no signature, though records before it have")
		} else {
			v.warn(s, Unsigned, "it has no signature; the first signed record after it names it")
		}
	}
	v.unsigned, v.anchored = nil, true
}

// signed ends the judgement: nobody vouches for unsigned records at the end.
func (v *verifier) signed() {
	for _, s := range v.unsigned {
		v.found(s, Unsigned, "it has no signature, and no signed record follows it")
	}
}
