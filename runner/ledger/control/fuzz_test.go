package control

import (
	"reflect"
	"testing"

	"github.com/ringfence/ringfence/runner/ledger"
)

func FuzzDecode(f *testing.F) {
	released := t0
	for _, o := range []Order{
		{Kind: Halt, Tenant: "acme"},
		{Kind: Unhalt, Tenant: Everyone},
		{Kind: Break, Tenant: Everyone, Update: "pkg:deb/debian/openssl@3", Hosts: 3, Tenants: 2},
		{Kind: Unbreak, Tenant: Everyone, Update: "pkg:deb/debian/openssl@3", UpTo: &released},
	} {
		o.Reason, o.By, o.At = "smoke", "ops", t0
		raw, err := ledger.Encode(o.filled())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := Decode(raw)
		if err != nil {
			return
		}
		written, err := ledger.Encode(o.filled())
		if err != nil {
			t.Fatal(err)
		}
		other, err := Decode(written)
		if err != nil {
			t.Fatalf("written again it is no order: %v\n%s", err, written)
		}
		if !reflect.DeepEqual(other, o.filled()) {
			t.Errorf("written again it is %+v", other)
		}
	})
}
