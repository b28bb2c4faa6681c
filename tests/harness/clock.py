"""A system clock that the test sets: a small library in front of the C library's, with an offset read from a file."""

import struct
import subprocess

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const long long *offset_seconds;

__attribute__((constructor)) static void begin(void) {
  int file = open(getenv("WEIR_TEST_CLOCK"), O_RDONLY | O_CLOEXEC);
  void *memory = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
  offset_seconds = memory == MAP_FAILED ? 0 : memory;
}

static long long offset(void) { return offset_seconds ? *offset_seconds : 0; }

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec precise;
  (void)zone;
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return result;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
"""


class Clock:
    """`environment` is for the processes that shall live by it."""

    def __init__(self, folder):
        source, library = folder / "clock.c", folder / "clock.so"
        self._offset = folder / "clock-offset"
        self.set(0)
        source.write_text(_SOURCE)
        built = subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], capture_output=True,
                               text=True, check=False)
        assert built.returncode == 0, built.stderr
        self.environment = {"LD_PRELOAD": str(library), "WEIR_TEST_CLOCK": str(self._offset)}

    def set(self, seconds):
        """So far from the true time, for all that live by it, at once."""
        with open(self._offset, "r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("<q", seconds))
