// Package hosttest tries package transport on the lab's real hosts. It holds tests only, apart from those of transport
// because they need a TestMain of their own.
package hosttest
