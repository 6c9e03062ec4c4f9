/*
 * How many signatures a second a PKCS#11 module gives to a bare C loop: what the service is measured against.
 *
 *   cc -std=c11 -O2 -o pkcs11-loop pkcs11-loop.c -ldl -pthread
 *   pkcs11-loop <module> <token label> <pin file> <CKA_ID hex> <ES256|RS256|Ed25519> <threads> <seconds>
 *
 * One session a thread, SignInit and Sign in turn; prints one line of JSON.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Unsigned long, handle, return value or pointer: every argument of the interface is as wide as this. */
typedef unsigned long word;
_Static_assert(sizeof(word) == sizeof(void *), "needs a platform where pointers and longs are alike");

enum { SERIAL_SESSION = 0x4, OS_LOCKING = 0x2, USER = 1, ATTRIBUTE_CLASS = 0, ATTRIBUTE_ID = 0x102, PRIVATE_KEY = 3 };

struct attribute {
  word type;
  const void *value;
  word length;
};

struct mechanism {
  word type;
  const void *parameter;
  word length;
};

struct initialization {
  void *create, *destroy, *lock, *unlock;
  word flags;
  void *reserved;
};

/* As the service signs: a digest for ECDSA, the signing input of a usual token for the others. */
static const struct algorithm {
  const char *name;
  word mechanism, bytes;
} algorithms[] = {{"ES256", 0x1041, 32}, {"RS256", 0x40, 400}, {"Ed25519", 0x1057, 400}};

static struct {
  word (*initialize)(struct initialization *);
  word (*finalize)(void *);
  word (*slots)(unsigned char, word *, word *);
  word (*token)(word, unsigned char *);
  word (*open)(word, word, void *, void *, word *);
  word (*login)(word, word, const char *, word);
  word (*find_init)(word, struct attribute *, word);
  word (*find)(word, word *, word, word *);
  word (*find_final)(word);
  word (*sign_init)(word, struct mechanism *, word);
  word (*sign)(word, const unsigned char *, word, unsigned char *, word *);
} hsm;

struct loop {
  pthread_t thread;
  const struct algorithm *algorithm;
  word session, key, signatures;
};

static atomic_bool over;

_Noreturn static void fail(const char *what, const char *about) {
  fprintf(stderr, "pkcs11-loop: %s: %s\n", what, about);
  exit(1);
}

static void need(word answer, const char *call) {
  char code[32];
  snprintf(code, sizeof code, "CKR 0x%lx", answer);
  if (answer) fail(call, code);
}

static void load(const char *path) {
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!module) fail("cannot load", dlerror());
  const struct {
    const char *name;
    void *into;
  } functions[] = {
      {"C_Initialize", &hsm.initialize}, {"C_Finalize", &hsm.finalize},
      {"C_GetSlotList", &hsm.slots},     {"C_GetTokenInfo", &hsm.token},
      {"C_OpenSession", &hsm.open},      {"C_Login", &hsm.login},
      {"C_FindObjectsInit", &hsm.find_init}, {"C_FindObjects", &hsm.find},
      {"C_FindObjectsFinal", &hsm.find_final}, {"C_SignInit", &hsm.sign_init},
      {"C_Sign", &hsm.sign},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    void *found = dlsym(module, functions[i].name);
    if (!found) fail("module lacks", functions[i].name);
    memcpy(functions[i].into, &found, sizeof found);
  }
}

static word slot_of(const char *label) {
  unsigned char info[512], padded[33];
  word slots[64], count = sizeof slots / sizeof *slots;
  snprintf((char *)padded, sizeof padded, "%-32s", label);
  need(hsm.slots(1, slots, &count), "C_GetSlotList");
  for (word i = 0; i < count; i++)
    if (!hsm.token(slots[i], info) && !memcmp(info, padded, 32)) return slots[i];
  fail("no token labelled", label);
}

static void log_in(word session, const char *pin_file) {
  char pin[257];
  FILE *file = fopen(pin_file, "r");
  if (!file) fail("cannot read", pin_file);
  const size_t length = fread(pin, 1, sizeof pin - 1, file);
  fclose(file);
  pin[length] = 0;
  need(hsm.login(session, USER, pin, strcspn(pin, "\r\n")), "C_Login");
  explicit_bzero(pin, sizeof pin);
}

static word find_key(word session, const char *hex) {
  const word private_key = PRIVATE_KEY;
  unsigned char id[64];
  word keys[2], found = 0, length = strlen(hex) / 2;
  if (length > sizeof id || strlen(hex) % 2) fail("not an id", hex);
  for (word i = 0; i < length; i++)
    if (sscanf(hex + 2 * i, "%2hhx", &id[i]) != 1) fail("not an id", hex);
  struct attribute wanted[] = {{ATTRIBUTE_CLASS, &private_key, sizeof private_key}, {ATTRIBUTE_ID, id, length}};
  need(hsm.find_init(session, wanted, 2), "C_FindObjectsInit");
  need(hsm.find(session, keys, 2, &found), "C_FindObjects");
  need(hsm.find_final(session), "C_FindObjectsFinal");
  if (found != 1) fail(found ? "more than one private key" : "no private key", hex);
  return keys[0];
}

static void *run(void *argument) {
  struct loop *loop = argument;
  struct mechanism mechanism = {loop->algorithm->mechanism, NULL, 0};
  unsigned char data[512] = {0}, signature[512];
  while (!over) {
    word length = sizeof signature;
    memcpy(data, &loop->signatures, sizeof loop->signatures);
    need(hsm.sign_init(loop->session, &mechanism, loop->key), "C_SignInit");
    need(hsm.sign(loop->session, data, loop->algorithm->bytes, signature, &length), "C_Sign");
    loop->signatures++;
  }
  return NULL;
}

static const struct algorithm *algorithm_named(const char *name) {
  for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
    if (!strcmp(algorithms[i].name, name)) return &algorithms[i];
  fail("unknown algorithm", name);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 8) fail("usage", "<module> <token label> <pin file> <id hex> <algorithm> <threads> <seconds>");
  const struct algorithm *algorithm = algorithm_named(argv[5]);
  const int threads = atoi(argv[6]), seconds = atoi(argv[7]);
  if (threads < 1 || threads > 256 || seconds < 1) fail("threads (1 to 256) and seconds", "out of range");
  struct loop *loops = calloc((size_t)threads, sizeof *loops);
  struct initialization locking = {.flags = OS_LOCKING};

  load(argv[1]);
  need(hsm.initialize(&locking), "C_Initialize");
  const word slot = slot_of(argv[2]);
  for (int i = 0; i < threads; i++) {
    loops[i].algorithm = algorithm;
    need(hsm.open(slot, SERIAL_SESSION, NULL, NULL, &loops[i].session), "C_OpenSession");
    if (i == 0) log_in(loops[i].session, argv[3]);
    loops[i].key = find_key(loops[i].session, argv[4]);
  }

  const double started = now();
  for (int i = 0; i < threads; i++) pthread_create(&loops[i].thread, NULL, run, &loops[i]);
  nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
  over = true;
  word signatures = 0;
  for (int i = 0; i < threads; i++) pthread_join(loops[i].thread, NULL), signatures += loops[i].signatures;
  const double elapsed = now() - started;

  printf("{\"algorithm\":\"%s\",\"threads\":%d,\"seconds\":%.3f,\"signatures\":%lu,\"per_second\":%.0f}\n",
         algorithm->name, threads, elapsed, signatures, (double)signatures / elapsed);
  need(hsm.finalize(NULL), "C_Finalize");
  return 0;
}
