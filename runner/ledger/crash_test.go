package ledger

import (
	"context"
	"os"
)

const childEnv = "RINGFENCE_LEDGER_CHILD"

func child(string) { _ = context.Background; os.Exit(0) }
