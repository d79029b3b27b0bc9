/* c_locale.h - numbers as C writes and reads them, whatever locale the program has set */
#ifndef VIT_BASE_C_LOCALE_H
#define VIT_BASE_C_LOCALE_H

#include <locale.h>

/* The calling thread's locale before. */
struct c_locale {
    locale_t ours, before;
};

/*
 * From here to c_locale_leave the calling thread has the locale "C": a decimal point is a period.
 * Other threads and setlocale are not affected. Without memory it changes nothing.
 */
struct c_locale c_locale_enter(void);
void c_locale_leave(struct c_locale locale);

#endif
