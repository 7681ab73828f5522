package api

import "omnihub/internal/team/apikey"

// campaignRoutes are the bot and OmniLink. Agents have no part in them; a marketing agent
// uses what marketers make of the bot, and OmniLink is his own field too.
func campaignRoutes() []Route {
	read, write := apikey.CampaignsRead, apikey.CampaignsWrite
	return []Route{
		in("GET", "/modules", "listModules", keepers, read, "", 200, (*API).listModules),
		in("POST", "/modules", "createModule", campaigns, write, "NewModule", 201, (*API).createModule).told((*API).moduleMade),
		in("POST", "/modules:preview", "previewModule", keepers, read, "NewModule", 200, (*API).previewModule),
		in("GET", "/modules/{module}", "showModule", keepers, read, "", 200, (*API).showModule),
		in("PUT", "/modules/{module}", "changeModule", campaigns, write, "ModuleChange", 200, (*API).changeModule).at().told((*API).moduleChanged),
		in("DELETE", "/modules/{module}", "removeModule", campaigns, write, "", 204, (*API).removeModule).at().told((*API).nothing),
		in("GET", "/modules/{module}/preview", "previewSavedModule", keepers, read, "", 200, (*API).previewSavedModule),
		in("GET", "/modules/{module}/versions", "listModuleVersions", keepers, read, "", 200, (*API).listModuleVersions),
		in("POST", "/modules/{module}/versions/{version}/restore", "restoreModule", campaigns, write, "", 200, (*API).restoreModule).at().told((*API).moduleChanged),

		in("GET", "/accounts/{account}/replies", "showReplies", keepers, read, "", 200, (*API).showReplies),
		in("PUT", "/accounts/{account}/replies", "changeReplies", campaigns, write, "RepliesChange", 200, (*API).changeReplies).at().told((*API).showReplies),

		in("GET", "/activities", "listActivities", keepers, read, "", 200, (*API).listActivities),
		in("POST", "/activities", "createActivity", keepers, write, "NewActivity", 201, (*API).createActivity).told((*API).activityMade),
		in("GET", "/activities/{activity}", "showActivity", keepers, read, "", 200, (*API).showActivity),
		in("PUT", "/activities/{activity}", "changeActivity", keepers, write, "ActivityChange", 200, (*API).changeActivity).at().told((*API).activityChanged),
		in("DELETE", "/activities/{activity}", "removeActivity", keepers, write, "", 204, (*API).removeActivity).at().told((*API).nothing),
		in("POST", "/activities/{activity}/enable", "enableActivity", keepers, write, "", 200, (*API).enableActivity).told((*API).showActivity),
		in("POST", "/activities/{activity}/disable", "disableActivity", keepers, write, "", 200, (*API).disableActivity).told((*API).showActivity),
		in("GET", "/activities/{activity}/statistics", "countActivity", keepers, read, "", 200, (*API).countActivity),
		// Who took part is a list of contacts.
		in("GET", "/activities/{activity}/successes", "listSuccesses", keepers, apikey.ContactsRead, "", 200, (*API).listSuccesses),
		in("GET", "/activities/{activity}/failures", "listFailures", keepers, apikey.ContactsRead, "", 200, (*API).listFailures),
		in("GET", "/activities/{activity}/export", "exportActivity", keepers, apikey.Export, "", 200, (*API).exportActivity),

		in("POST", "/pictures", "newPicture", keepers, write, "NewPicture", 201, (*API).newPicture),
		in("POST", "/pictures/{picture}/take", "takePicture", keepers, write, "", 200, (*API).takePicture),
	}
}
