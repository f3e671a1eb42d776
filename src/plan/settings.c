/* SPDX-License-Identifier: MIT */
#include "tcpgoon/plan/settings.h"

const char *const settings_close_names[CLOSE_MODE_MAX + 1] = {
	[CLOSE_FIN] = "fin",
	[CLOSE_RST] = "rst",
};

const char *const settings_resolve_names[RESOLVE_MODE_MAX + 1] = {
	[RESOLVE_FIRST] = "first",
	[RESOLVE_ALL] = "all",
};

const char *const settings_live_names[LIVE_MODE_MAX + 1] = {
	[LIVE_AUTO] = "auto",
	[LIVE_ALWAYS] = "always",
	[LIVE_NEVER] = "never",
};
