/* SPDX-License-Identifier: MIT */
#include "tcpgoon/base/leftovers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void make_file(char *name)
{
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	close(fd);
}

static void what_was_added_is_removed_and_what_was_forgotten_stays(void **state)
{
	(void)state;
	char removed[] = "/tmp/test_leftovers.XXXXXX";
	char kept[] = "/tmp/test_leftovers.XXXXXX";
	make_file(removed);
	make_file(kept);
	leftovers_add(kept);
	leftovers_add(removed);
	leftovers_forget(kept);
	leftovers_remove();
	assert_int_not_equal(access(removed, F_OK), 0);
	assert_int_equal(access(kept, F_OK), 0);

	leftovers_remove(); /* each once */
	assert_int_equal(unlink(kept), 0);
}

static void more_than_it_has_room_for_do_no_harm(void **state)
{
	(void)state;
	static const char *const missing = "/tmp/test_leftovers.there-is-none";
	for (int i = 0; i < 2 * LEFTOVERS_MAX; i++) {
		leftovers_add(missing);
	}
	leftovers_forget(NULL);
	for (int i = 0; i < 2 * LEFTOVERS_MAX; i++) {
		leftovers_forget(missing);
	}
	char removed[] = "/tmp/test_leftovers.XXXXXX";
	make_file(removed);
	leftovers_add(removed);
	leftovers_remove();
	assert_int_not_equal(access(removed, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_removed_and_what_was_forgotten_stays),
		cmocka_unit_test(more_than_it_has_room_for_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
