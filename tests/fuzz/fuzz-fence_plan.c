/* SPDX-License-Identifier: Apache-2.0 */

/* The file of fencing devices, and a host's control_attributes. */

#include "fuzz.h"

#include "base/error.h"
#include "model/recovery/fence_plan.h"

static void
check(MskFencePlan *plan, const GError *error)
{
    if (plan == NULL) {
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return;
    }
    for (unsigned i = 0; i < plan->devices->len; i++) {
        const MskFenceDevice *device = g_ptr_array_index(plan->devices, i);
        g_autofree char *masked = msk_fence_plan_mask(device, device->input, strlen(device->input));

        g_assert_true(g_str_has_prefix(device->agent, "fence_"));
        g_assert_null(strchr(device->agent, '/'));
        g_assert_cmpuint(device->level, >=, 1);
        g_assert_cmpuint(strlen(device->input), <=, MSK_FENCE_MAX_INPUT);
        g_assert_true(g_utf8_validate(masked, -1, NULL));
    }
    msk_fence_plan_free(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(GError) of_file = NULL;
    g_autoptr(GError) of_attributes = NULL;

    MskFencePlan *plan =
        msk_fence_plan_from_file(size == 0 ? "" : (const char *) data, size, "h1", &of_file);

    check(plan, of_file);
    plan = msk_fence_plan_from_attributes(text, &of_attributes);
    check(plan, of_attributes);
    return 0;
}
