/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "expected.h"
#include "report/junit.h"

int main(void)
{
	return expected_run(&report_junit);
}
