package hub

import "strings"

// queueable writes by their numbers the two characters that SQS refuses and that JSON
// leaves as they are. JSON has them within texts only.
var queueable = strings.NewReplacer("\uFFFE", `\uFFFE`, "\uFFFF", `\uFFFF`)

// Queueable gives the same JSON in characters that every queue takes.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func Queueable(json string) string { return queueable.Replace(json) }
