/*
 * A library to preload into a process: it remembers how to undo whatever the process writes to its files until
 * it has synced them. When the process is killed, `forget.ts` undoes what is left, and the files are as a power
 * failure would leave them at worst: what was not synced is lost, all of it and nothing else. A kill alone
 * loses nothing, since the kernel keeps what was written.
 *
 *   FORGET_UNDER         the folder whose files it watches, all below it included
 *   FORGET_JOURNALS      an empty folder of the same file system, outside of the one above
 *   FORGET_IGNORE_FSYNC  1: fsync and fdatasync answer at once and sync nothing, which is what SQLite's
 *                                `synchronous=OFF` comes to
 *   FORGET_DIE_AT        n: the process kills itself instead of its nth write, truncation, sync or
 *                                change of a name, so that a kill falls where nearly no time is spent
 *
 * For each file, by its inode number, the journals folder holds
 *
 *   <inode>.file    a second name, by which the file is found whatever became of the first
 *   <inode>.undo    the writes and truncations that were not synced, oldest first: a header (see `struct undo`)
 *                   and the bytes that were overwritten or cut off
 *   <inode>.names   for a folder: what was created, removed and renamed in it since it was synced, a line each
 *
 * A record is written before the deed, and emptied behind the sync: killed between the two, an undo restores
 * what is there, or takes back what nobody was told is safe.
 *
 * Left out: SQLite's -shm files (rebuilt by whoever opens the database first), whatever is written through mmap,
 * and calls that neither Node nor SQLite makes (fallocate, copy_file_range, io_uring, sync).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MOST_FILES 512

struct undo {
    uint64_t offset;
    uint64_t length;   /* of the bytes that follow: as many of the old ones as there were */
    uint64_t old_size; /* of the file */
};

struct watched {
    dev_t device;
    ino_t inode;
    int journal;
    int reader; /* never closed: that would drop SQLite's locks on the file. -1 for a folder */
};

static struct {
    int (*openat)(int, const char *, int, ...);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*writev)(int, const struct iovec *, int);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
    int (*ftruncate)(int, off_t);
    int (*fsync)(int);
    int (*fdatasync)(int);
    int (*unlinkat)(int, const char *, int);
    int (*renameat)(int, const char *, int, const char *);
} real;

static const char *under;
static const char *journals;
static bool ignores_fsync;
static long deeds_left; /* 0: for ever */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct watched files[MOST_FILES];
static int file_count;

static void give_up(const char *what)
{
    dprintf(STDERR_FILENO, "forget: %s: %s\n", what, strerror(errno));
    _exit(99);
}

static void *symbol(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) give_up(name);
    return found;
}

__attribute__((constructor)) static void begin(void)
{
    const char *ignore = getenv("FORGET_IGNORE_FSYNC");
    real.openat = symbol("openat");
    real.write = symbol("write");
    real.writev = symbol("writev");
    real.pwrite = symbol("pwrite");
    real.pwritev = symbol("pwritev");
    real.ftruncate = symbol("ftruncate");
    real.fsync = symbol("fsync");
    real.fdatasync = symbol("fdatasync");
    real.unlinkat = symbol("unlinkat");
    real.renameat = symbol("renameat");
    ignores_fsync = ignore && strcmp(ignore, "1") == 0;
    const char *die_at = getenv("FORGET_DIE_AT");
    deeds_left = die_at ? atol(die_at) : 0;
    journals = getenv("FORGET_JOURNALS");
    under = getenv("FORGET_UNDER");
    if (under && !journals) under = NULL;
    /* What this process starts is not its front. */
    unsetenv("LD_PRELOAD");
}

/* With the lock held, before each deed that is watched. */
static void count_deed(void)
{
    if (deeds_left > 0 && --deeds_left == 0) {
        kill(getpid(), SIGKILL);
        pause();
    }
}

static bool is_watched(const char *path)
{
    size_t length = under ? strlen(under) : 0;
    size_t end = strlen(path);
    if (!under || strncmp(path, under, length) != 0) return false;
    if (path[length] != '/' && path[length] != '\0') return false;
    return end < 4 || strcmp(path + end - 4, "-shm") != 0;
}

/* Node and SQLite name these files by absolute paths. */
static bool is_watched_at(int folder, const char *path)
{
    if (!under || !path || is_watched(path)) return under && path;
    if (path[0] == '/' || folder == AT_FDCWD) return false;
    errno = ENOTSUP;
    give_up("a path relative to an open folder");
    return false;
}

static bool is_open_under(int fd)
{
    char name[64], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return false;
    path[length] = '\0';
    return is_watched(path);
}

static void journal_path(char *to, ino_t inode, const char *kind)
{
    snprintf(to, PATH_MAX, "%s/%ju.%s", journals, (uintmax_t)inode, kind);
}

static int open_journal(ino_t inode, const char *kind)
{
    char path[PATH_MAX];
    journal_path(path, inode, kind);
    int fd = real.openat(AT_FDCWD, path, O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) give_up(path);
    return fd;
}

static struct watched *find(const struct stat *found)
{
    for (int at = 0; at < file_count; at++) {
        if (files[at].inode == found->st_ino && files[at].device == found->st_dev) return &files[at];
    }
    return NULL;
}

static struct watched *add(const struct stat *found, int journal, int reader)
{
    if (file_count == MOST_FILES) {
        errno = ENFILE;
        give_up("too many files");
    }
    files[file_count] = (struct watched){ found->st_dev, found->st_ino, journal, reader };
    return &files[file_count++];
}

/* The second name, made from the first or from the open file. */
static void keep_name(const char *from, ino_t inode)
{
    char kept[PATH_MAX];
    journal_path(kept, inode, "file");
    if (linkat(AT_FDCWD, from, AT_FDCWD, kept, AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST) give_up(kept);
}

/* With the lock held. NULL for what is none of ours. */
static struct watched *watch(int fd)
{
    struct stat found;
    char name[PATH_MAX];
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return NULL;
    struct watched *known = find(&found);
    if (known || !is_open_under(fd)) return known;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    keep_name(name, found.st_ino);
    journal_path(name, found.st_ino, "file");
    int reader = real.openat(AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
    if (reader < 0) give_up(name);
    return add(&found, open_journal(found.st_ino, "undo"), reader);
}

static struct watched *watch_folder_of(const char *path)
{
    struct stat found;
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    if (stat(folder, &found) != 0) return NULL;
    struct watched *known = find(&found);
    return known ? known : add(&found, open_journal(found.st_ino, "names"), -1);
}

static off_t size_of(const struct watched *file)
{
    struct stat found;
    if (fstat(file->reader, &found) != 0) give_up("fstat");
    return found.st_size;
}

/* That these bytes are about to change, or to go. */
static void remember(const struct watched *file, off_t offset, off_t length)
{
    off_t size = size_of(file);
    off_t kept = offset >= size ? 0 : length < size - offset ? length : size - offset;
    struct undo head = { offset, kept, size };
    size_t total = sizeof head + kept;
    char *record = malloc(total);
    if (!record) give_up("malloc");
    memcpy(record, &head, sizeof head);
    if (pread(file->reader, record + sizeof head, kept, offset) != kept) give_up("old bytes");
    if (real.write(file->journal, record, total) != (ssize_t)total) give_up("journal");
    free(record);
    count_deed();
}

static void note_name(const char *path, const char *format, ...)
{
    char line[3 * PATH_MAX];
    struct watched *folder = watch_folder_of(path);
    if (!folder) return;
    va_list rest;
    va_start(rest, format);
    int length = vsnprintf(line, sizeof line, format, rest);
    va_end(rest);
    if (real.write(folder->journal, line, length) != length) give_up("journal");
    count_deed();
}

static size_t length_of(const struct iovec *parts, int count)
{
    size_t length = 0;
    for (int at = 0; at < count; at++) length += parts[at].iov_len;
    return length;
}

/* Where a write without an offset goes. */
static off_t place_of(int fd, const struct watched *file)
{
    return fcntl(fd, F_GETFL) & O_APPEND ? size_of(file) : lseek(fd, 0, SEEK_CUR);
}

/* Most writes go to sockets and pipes: those take no lock. */
static bool may_be_watched(int fd)
{
    struct stat found;
    int before = errno;
    bool maybe = under && fstat(fd, &found) == 0 && (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode));
    errno = before;
    return maybe;
}

#define REMEMBERED(fd, offset, length, act)                          \
    do {                                                             \
        if (!may_be_watched(fd)) return act;                         \
        pthread_mutex_lock(&lock);                                   \
        struct watched *file = watch(fd);                            \
        if (file) remember(file, (offset), (length));                \
        ssize_t result = act;                                        \
        int error = errno;                                           \
        pthread_mutex_unlock(&lock);                                 \
        errno = error;                                               \
        return result;                                               \
    } while (0)

EXPORT ssize_t write(int fd, const void *bytes, size_t length)
{
    REMEMBERED(fd, place_of(fd, file), length, real.write(fd, bytes, length));
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REMEMBERED(fd, place_of(fd, file), length_of(parts, count), real.writev(fd, parts, count));
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    REMEMBERED(fd, offset, length, real.pwrite(fd, bytes, length, offset));
}

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset)
{
    return pwrite(fd, bytes, length, offset);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    REMEMBERED(fd, offset, length_of(parts, count), real.pwritev(fd, parts, count, offset));
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset)
{
    return pwritev(fd, parts, count, offset);
}

EXPORT int ftruncate(int fd, off_t size)
{
    REMEMBERED(fd, size, size_of(file), real.ftruncate(fd, size));
}

EXPORT int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

static int sync_file(int fd, int (*act)(int))
{
    struct stat found;
    if (!may_be_watched(fd) || !is_open_under(fd)) return act(fd);
    if (ignores_fsync) return 0;
    pthread_mutex_lock(&lock);
    count_deed();
    int result = act(fd);
    int error = errno;
    struct watched *file = fstat(fd, &found) == 0 ? find(&found) : NULL;
    if (result == 0 && file && real.ftruncate(file->journal, 0) != 0) give_up("journal");
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

EXPORT int fsync(int fd)
{
    return sync_file(fd, real.fsync);
}

EXPORT int fdatasync(int fd)
{
    return sync_file(fd, real.fdatasync);
}

static int open_watched(int folder, const char *path, int flags, mode_t mode)
{
    if (!(flags & (O_CREAT | O_TRUNC)) || !is_watched_at(folder, path)) {
        return real.openat(folder, path, flags, mode);
    }
    pthread_mutex_lock(&lock);
    if (faccessat(AT_FDCWD, path, F_OK, 0) != 0) note_name(path, "created\t%s\n", path);
    /* Emptied here, so that what was in it is remembered. */
    int fd = real.openat(folder, path, flags & ~O_TRUNC, mode);
    int error = errno;
    struct watched *file = fd >= 0 && flags & O_TRUNC ? watch(fd) : NULL;
    if (file) {
        remember(file, 0, size_of(file));
        if (real.ftruncate(fd, 0) != 0) give_up(path);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define MODE_AFTER(flags)                                            \
    mode_t mode = 0;                                                 \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                         \
        va_list rest;                                                \
        va_start(rest, flags);                                       \
        mode = va_arg(rest, mode_t);                                 \
        va_end(rest);                                                \
    }

EXPORT int open(const char *path, int flags, ...)
{
    MODE_AFTER(flags)
    return open_watched(AT_FDCWD, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
    MODE_AFTER(flags)
    return open_watched(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

EXPORT int openat(int folder, const char *path, int flags, ...)
{
    MODE_AFTER(flags)
    return open_watched(folder, path, flags, mode);
}

EXPORT int openat64(int folder, const char *path, int flags, ...)
{
    MODE_AFTER(flags)
    return open_watched(folder, path, flags | O_LARGEFILE, mode);
}

/* 0 where there is none. */
static ino_t keep_if_there(const char *path)
{
    struct stat found;
    if (lstat(path, &found) != 0 || !S_ISREG(found.st_mode)) return 0;
    keep_name(path, found.st_ino);
    return found.st_ino;
}

EXPORT int unlinkat(int folder, const char *path, int flags)
{
    if (flags & AT_REMOVEDIR || !is_watched_at(folder, path)) return real.unlinkat(folder, path, flags);
    pthread_mutex_lock(&lock);
    ino_t inode = keep_if_there(path);
    if (inode) note_name(path, "removed\t%ju\t%s\n", (uintmax_t)inode, path);
    int result = real.unlinkat(folder, path, flags);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

EXPORT int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    if (!is_watched_at(from_folder, from) || !is_watched_at(to_folder, to)) {
        return real.renameat(from_folder, from, to_folder, to);
    }
    pthread_mutex_lock(&lock);
    ino_t moved = keep_if_there(from);
    ino_t replaced = keep_if_there(to);
    note_name(to, "renamed\t%ju\t%ju\t%s\t%s\n", (uintmax_t)moved, (uintmax_t)replaced, from, to);
    int result = real.renameat(from_folder, from, to_folder, to);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

EXPORT int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}
