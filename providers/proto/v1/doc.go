// Package providerv1 is the wire form of the provider contract, generated from provider.proto. Only package plugin
// imports it; everyone else uses the types of package providers.
package providerv1

//go:generate ../generate.sh
