// Package deploy holds the checks of template.yaml that linters do not make: what
// every queue, table, stream, route, role and function of the project must show.
package deploy
