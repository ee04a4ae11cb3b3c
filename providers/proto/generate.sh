#!/usr/bin/env bash
# Regenerates the Go code of the protocol. Needs protoc; its plugins are the tools that go.mod pins.
set -euo pipefail
cd "$(dirname "$0")"
protoc --proto_path=. \
	--plugin=protoc-gen-go="$(go tool -n protoc-gen-go)" --go_out=. --go_opt=paths=source_relative \
	--plugin=protoc-gen-go-grpc="$(go tool -n protoc-gen-go-grpc)" --go-grpc_out=. --go-grpc_opt=paths=source_relative \
	v1/provider.proto
