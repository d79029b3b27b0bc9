/* c_locale.c - numbers as C writes and reads them, whatever locale the program has set */
#include "base/c_locale.h"

struct c_locale c_locale_enter(void)
{
    struct c_locale locale = { .ours = newlocale(LC_ALL_MASK, "C", (locale_t)0) };

    if (locale.ours)
        locale.before = uselocale(locale.ours);
    return locale;
}

void c_locale_leave(struct c_locale locale)
{
    if (!locale.ours)
        return;
    uselocale(locale.before);
    freelocale(locale.ours);
}
