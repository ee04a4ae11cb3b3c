// Package killloop kills, stops and halts the real program, again and again, with real Git and real plugin processes,
// and checks that nothing was lost, done twice or damaged. What it starts, kills and checks is in its tests:
//
//   - kills at random instants, of a simulated fleet and of real Debian hosts (main_test.go, lab_test.go)
//   - crashes at every numbered I/O point of every scenario (crashpoints_test.go, scenarios_test.go)
//   - runners that race for one remote, sites of one tenant, halts at random steps (race_test.go, sites_test.go,
//     halt_test.go)
package killloop
