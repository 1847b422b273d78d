/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers the plugin, if this Suricata is the one that it was compiled for. Suricata lets every 8.0.x load a plugin
 * of any other, although its structs change with the version and with the flags of ./configure, so we check before
 * using any of them. */
#include "plugin.h"

#include "suricata-plugin.h"
#include "suricata.h"

/* "8.0.7" of "8.0.7 RELEASE" */
static bool same_version(const char *program)
{
    const size_t length = strlen(PACKAGE_VERSION);
    return strncmp(program, PACKAGE_VERSION, length) == 0 && (program[length] == ' ' || program[length] == '\0');
}

static void initialise(void)
{
    const char *program = GetProgramVersion();

    if (!same_version(program)) {
        SCLogError("this plugin was built for Suricata %s and this is %s; build it again: make suricata.",
                   PACKAGE_VERSION, program);
        return;
    }
    if (nflx_abi_version() != NFLX_ABI_VERSION) {
        SCLogError("the library has version %u of its ABI and the plugin wants %u; build both again.",
                   nflx_abi_version(), NFLX_ABI_VERSION);
        return;
    }
    logger_register();
}

static const SCPlugin registration = {
    .version = SC_API_VERSION,
    .suricata_version = SC_PACKAGE_VERSION,
    .name = "nflx",
    .plugin_version = NFLX_VERSION,
    .license = "GPL-2.0-only",
    .author = "nflx contributors",
    .Init = initialise,
};

const SCPlugin *SCPluginRegister(void);

__attribute__((visibility("default"))) const SCPlugin *SCPluginRegister(void)
{
    return &registration;
}
