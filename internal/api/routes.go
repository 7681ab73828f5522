package api

import (
	"context"
	"slices"

	"omnihub/internal/hub"
	"omnihub/internal/team/apikey"
)

// The groups of roles to which the routes are given, after the rows of the table of
// rights: who may do what, in the words of the people who use it.
var (
	everyone  = hub.Roles()
	admins    = []hub.Role{hub.Admin}
	leaders   = []hub.Role{hub.Admin, hub.Supervisor}                                   // channels, settings, export
	campaigns = []hub.Role{hub.Admin, hub.Supervisor, hub.Marketer}                     // what goes out to many
	keepers   = []hub.Role{hub.Admin, hub.Supervisor, hub.Marketer, hub.MarketingAgent} // contacts and tags
	talkers   = []hub.Role{hub.Admin, hub.Supervisor, hub.MarketingAgent, hub.Agent}    // conversations
)

// Routes is the table of all operations: what is not in it is not served, and nobody is
// served by a route that does not name him.
func Routes() []Route {
	return slices.Concat(
		[]Route{
			{Method: "GET", Path: "/v1/openapi.json", Operation: "showDocument", Access: ForAll, Success: 200, handle: (*API).showDocument},
			{Method: "GET", Path: "/v1/teams", Operation: "listTeams", Access: ForPeople, Success: 200, handle: (*API).listTeams},
		},
		settingRoutes(), contactRoutes(), deskRoutes(), campaignRoutes(),
	)
}

// in is a route for members of a team. Path is what follows the team's.
func in(method, path, operation string, roles []hub.Role, scope apikey.Scope, body string, success int, handle func(*API, context.Context, *call) (answer, error)) Route {
	return Route{
		Method: method, Path: "/v1/teams/{team}" + path, Operation: operation, Roles: roles, Scope: string(scope), Body: body, Success: success, handle: handle,
	}
}

// at is the same route for what has versions: it must name the one that it changes.
func (r Route) at() Route {
	r.IfMatch = true
	return r
}

// told is the same route with what tells of a call that was done already.
func (r Route) told(again func(*API, context.Context, *call) (answer, error)) Route {
	r.again = again
	return r
}

// found is the same route with what finds a call that left no audit entry.
func (r Route) found(seek func(*API, context.Context, *call) (traces, error)) Route {
	r.seek = seek
	return r
}

// nobody is the scope of routes that are not for programs.
const nobody apikey.Scope = ""

func settingRoutes() []Route {
	return []Route{
		in("GET", "", "showTeam", everyone, apikey.SettingsRead, "", 200, (*API).showTeam),
		in("PATCH", "", "changeTeam", admins, nobody, "TeamChange", 200, (*API).changeTeam).at().told((*API).showTeam),

		in("GET", "/members", "listMembers", everyone, nobody, "", 200, (*API).listMembers),
		in("POST", "/members", "addMember", admins, nobody, "NewMember", 201, (*API).addMember).told((*API).memberAdded),
		in("GET", "/members/{member}", "showMember", everyone, nobody, "", 200, (*API).showMember),
		in("PATCH", "/members/{member}", "changeMember", admins, nobody, "MemberChange", 200, (*API).changeMember).at().told((*API).showMember),
		in("DELETE", "/members/{member}", "removeMember", admins, nobody, "", 204, (*API).removeMember).at().told((*API).nothing),

		in("GET", "/keys", "listKeys", admins, nobody, "", 200, (*API).listKeys),
		in("POST", "/keys", "createKey", admins, nobody, "NewKey", 201, (*API).createKey),
		in("DELETE", "/keys/{key}", "revokeKey", admins, nobody, "", 204, (*API).revokeKey),

		in("GET", "/channels", "listChannels", leaders, apikey.SettingsRead, "", 200, (*API).listChannels),
		in("GET", "/connections", "listConnections", leaders, apikey.SettingsRead, "", 200, (*API).listConnections),
		in("GET", "/connections/{connection}", "showConnection", leaders, apikey.SettingsRead, "", 200, (*API).showConnection),
		in("PATCH", "/connections/{connection}", "changeConnection", leaders, apikey.SettingsWrite, "ConnectionChange", 200, (*API).changeConnection).at().told((*API).showConnection),
		in("DELETE", "/connections/{connection}", "removeConnection", leaders, apikey.SettingsWrite, "", 200, (*API).removeConnection).told((*API).goneAlready),

		in("GET", "/accounts", "listAccounts", everyone, apikey.SettingsRead, "", 200, (*API).listAccounts),
		in("POST", "/accounts", "connectAccount", leaders, apikey.SettingsWrite, "NewAccount", 201, (*API).connectAccount).told((*API).accountConnected),
		in("GET", "/accounts/{account}", "showAccount", everyone, apikey.SettingsRead, "", 200, (*API).showAccount),
		in("PATCH", "/accounts/{account}", "changeAccount", leaders, apikey.SettingsWrite, "AccountChange", 200, (*API).changeAccount).at().told((*API).accountConnected),
		in("DELETE", "/accounts/{account}", "removeAccount", leaders, apikey.SettingsWrite, "", 200, (*API).removeAccount).told((*API).goneAlready),
		in("POST", "/accounts/{account}/check", "checkAccount", leaders, apikey.SettingsWrite, "", 200, (*API).checkAccount),
		in("POST", "/accounts/{account}/actualize", "actualizeAccount", leaders, apikey.SettingsWrite, "", 200, (*API).actualizeAccount),
		in("POST", "/accounts/{account}/deactivate", "deactivateAccount", leaders, apikey.SettingsWrite, "", 200, (*API).deactivateAccount).told((*API).showAccount),
		in("POST", "/accounts/{account}/activate", "activateAccount", leaders, apikey.SettingsWrite, "", 200, (*API).activateAccount).told((*API).showAccount),

		in("GET", "/quarantine", "listQuarantine", leaders, apikey.QuarantineRead, "", 200, (*API).listQuarantine),
		in("GET", "/quarantine/{entry}", "showQuarantined", leaders, apikey.QuarantineRead, "", 200, (*API).showQuarantined),
		in("GET", "/audit", "listAudit", leaders, apikey.AuditRead, "", 200, (*API).listAudit),
	}
}

func contactRoutes() []Route {
	return []Route{
		in("GET", "/contacts", "listContacts", everyone, apikey.ContactsRead, "", 200, (*API).listContacts),
		in("POST", "/contacts", "createContact", keepers, apikey.ContactsWrite, "NewContact", 201, (*API).createContact),
		in("POST", "/contacts:upsert", "upsertContact", keepers, apikey.ContactsWrite, "ContactUpsert", 200, (*API).upsertContact),
		in("GET", "/contacts/{contact}", "showContact", everyone, apikey.ContactsRead, "", 200, (*API).showContact),
		in("PATCH", "/contacts/{contact}", "changeContact", keepers, apikey.ContactsWrite, "ContactChange", 200, (*API).changeContact).told((*API).showContact),
		in("PUT", "/contacts/{contact}/note", "noteContact", everyone, apikey.ContactsWrite, "Note", 200, (*API).noteContact).told((*API).showContact),
		in("PATCH", "/contacts/{contact}/tags", "changeTags", everyone, apikey.TagsWrite, "TagsChange", 200, (*API).changeTags),
		in("PUT", "/contacts/{contact}/subscription", "subscribeContact", keepers, apikey.ContactsWrite, "SubscriptionChange", 200, (*API).subscribeContact).told((*API).showSubscription),
		in("GET", "/contacts/{contact}/threads", "threadsOfContact", talkers, apikey.MessagesRead, "", 200, (*API).threadsOfContact),
		in("POST", "/contacts/{contact}/joins", "joinContacts", keepers, nobody, "NewJoin", 200, (*API).joinContacts).told((*API).showContact),
		in("POST", "/contacts/{contact}/joins:undo", "undoJoins", keepers, nobody, "JoinsUndone", 200, (*API).undoJoins).told((*API).showContact),
		in("GET", "/contacts/{contact}/joins/{other}", "whyJoined", everyone, apikey.ContactsRead, "", 200, (*API).whyJoined),
		in("PUT", "/contacts/{contact}/never/{other}", "neverJoin", keepers, nobody, "Never", 204, (*API).neverJoin).told((*API).nothing),
		in("DELETE", "/contacts/{contact}/never/{other}", "takeNeverBack", keepers, nobody, "", 204, (*API).takeNeverBack).told((*API).nothing),
		in("GET", "/contacts/{contact}/candidates", "candidatesOfContact", keepers, apikey.ContactsRead, "", 200, (*API).candidatesOfContact),
		in("DELETE", "/contacts/{contact}/candidates/{other}", "dismissCandidate", keepers, nobody, "", 204, (*API).dismissCandidate).told((*API).nothing),
		in("GET", "/candidates", "listCandidates", keepers, apikey.ContactsRead, "", 200, (*API).listCandidates),

		in("GET", "/contacts/{contact}/export", "exportContact", leaders, apikey.Export, "", 200, (*API).exportContact),
		in("GET", "/contacts/{contact}/erasure", "previewErasure", admins, apikey.Erase, "", 200, (*API).previewErasure),
		in("POST", "/contacts/{contact}/erasure", "eraseContact", admins, apikey.Erase, "Confirmed", 202, (*API).eraseContact),
		in("GET", "/erasures", "listErasures", admins, apikey.Erase, "", 200, (*API).listErasures),
		in("GET", "/erasures/{erasure}", "showErasure", admins, apikey.Erase, "", 200, (*API).showErasure),
		in("POST", "/erasures:allow", "allowAgain", admins, apikey.Erase, "ValueAllowed", 204, (*API).allowAgain).told((*API).nothing),

		in("GET", "/tags", "listTags", everyone, apikey.ContactsRead, "", 200, (*API).listTags),
		in("POST", "/tags", "createTag", keepers, apikey.TagsWrite, "NewTag", 201, (*API).createTag).told((*API).tagMade),
		in("GET", "/tags/{tag}", "showTag", everyone, apikey.ContactsRead, "", 200, (*API).showTag),
		in("GET", "/tags/{tag}/count", "countTag", everyone, apikey.ContactsRead, "", 200, (*API).countTag),
		in("PATCH", "/tags/{tag}", "changeTag", keepers, apikey.TagsWrite, "TagChange", 200, (*API).changeTag).at().told((*API).showTag),
		in("DELETE", "/tags/{tag}", "removeTag", keepers, apikey.TagsWrite, "", 204, (*API).removeTag).at().told((*API).nothing),

		in("GET", "/attributes", "listAttributes", everyone, apikey.ContactsRead, "", 200, (*API).listAttributes),
		in("POST", "/attributes", "createAttribute", campaigns, apikey.SettingsWrite, "NewAttribute", 201, (*API).createAttribute).told((*API).attributeMade),
		in("GET", "/attributes/{attribute}", "showAttribute", everyone, apikey.ContactsRead, "", 200, (*API).showAttribute),
		in("PATCH", "/attributes/{attribute}", "changeAttribute", campaigns, apikey.SettingsWrite, "AttributeChange", 200, (*API).changeAttribute).at().told((*API).showAttribute),
		in("DELETE", "/attributes/{attribute}", "removeAttribute", campaigns, apikey.SettingsWrite, "", 204, (*API).removeAttribute).at().told((*API).nothing),
	}
}

func deskRoutes() []Route {
	return []Route{
		in("GET", "/conversations", "listConversations", talkers, apikey.MessagesRead, "", 200, (*API).listConversations),
		in("GET", "/threads/{thread}", "showThread", talkers, apikey.MessagesRead, "", 200, (*API).showThread),
		in("GET", "/threads/{thread}/messages", "listMessages", talkers, apikey.MessagesRead, "", 200, (*API).listMessages),
		in("POST", "/threads/{thread}/messages", "sendMessage", talkers, apikey.MessagesWrite, "NewMessage", 202, (*API).sendMessage).found((*API).sent),
		in("POST", "/threads/{thread}/read", "readThread", talkers, apikey.ConversationsWrite, "ReadMark", 200, (*API).readThread),
		in("POST", "/threads/{thread}/accept", "acceptConversation", talkers, nobody, "ConversationNamed", 200, (*API).acceptConversation),
		in("POST", "/threads/{thread}/release", "releaseConversation", talkers, apikey.ConversationsWrite, "ConversationNamed", 200, (*API).releaseConversation).found((*API).released).told((*API).showThread),
		in("POST", "/threads/{thread}/close", "closeConversation", talkers, apikey.ConversationsWrite, "ConversationSeen", 200, (*API).closeConversation).found((*API).closed).told((*API).showThread),
		in("POST", "/messages", "sendToUser", leaders, apikey.MessagesWrite, "NewDirectMessage", 202, (*API).sendToUser).found((*API).sent),
	}
}

// showDocument answers the API's description.
func (a *API) showDocument(context.Context, *call) (answer, error) {
	return answer{raw: openapi}, nil
}
