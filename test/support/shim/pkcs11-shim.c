/*
 * A PKCS#11 module that stands in front of another one: passes every call on, counts it, and misbehaves as a
 * control file says. SoftHSM never locks, waits, hangs or loses a session; real modules do all of it.
 *
 *   KEYWARD_SHIM_MODULE   the module behind this one
 *   KEYWARD_SHIM_COUNTS   a directory; each call appends one byte to the file named after its function, before
 *                         it is passed on, so the count outlives a process killed during the call
 *   KEYWARD_SHIM_CONTROL  a text file, read again at every call; one rule a line:
 *
 *     <function> <action> [before|after] [at <n> [for <m>]] [id <hex>]
 *
 *   on any function
 *     delay <ms> | hang | kill | abort    kill sends SIGKILL to the process itself
 *     return <ckr>                        `before` (the default) leaves the module out; `after` lets it act first
 *     since <n>                           where `at` begins to count: at the call after the nth ever
 *   on some
 *     C_GetTokenInfo flags <bits>         these flags are added to the token's own
 *     C_GetTokenInfo sessions <n>         the most sessions the token says it allows
 *     C_GetMechanismList drop <mechanism>
 *     C_GetAttributeValue fail <attribute> <ckr>
 *     C_GetAttributeValue change <attribute> <hex bytes>
 *     C_Sign flip                         one bit of the signature
 *     C_GenerateKeyPair refuse <attribute> <ckr>   where either template has it
 *
 * Numbers are decimal or 0x…; without `at` a rule holds for every call, with `at` and no `for` for that one
 * alone; `id` limits an attribute's rule to objects with that CKA_ID. Calls count over all processes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Unsigned long, handle, return value or pointer: every argument of the interface is as wide as this. */
typedef unsigned long word;
_Static_assert(sizeof(word) == sizeof(void *), "needs a platform where pointers and longs are alike");

enum { OK = 0, GENERAL_ERROR = 0x5, BUFFER_TOO_SMALL = 0x150 };
#define UNAVAILABLE ((word)-1)
#define ATTRIBUTE_ID 0x102

struct token_info {
  unsigned char label[32], manufacturer[32], model[16], serial[16];
  word flags, max_sessions, sessions, max_rw_sessions;
};

struct attribute {
  word type;
  void *value;
  word length;
};

/* The order is that of the function list of PKCS#11 2.40. P passes on as it is, A alters the answer. */
#define FUNCTIONS(P, A)                                                                                      \
  P(C_Initialize, 1) P(C_Finalize, 1) P(C_GetInfo, 1) A(C_GetFunctionList, 1) P(C_GetSlotList, 3)            \
  P(C_GetSlotInfo, 2) A(C_GetTokenInfo, 2) A(C_GetMechanismList, 3) P(C_GetMechanismInfo, 3)                 \
  P(C_InitToken, 4) P(C_InitPIN, 3) P(C_SetPIN, 5) P(C_OpenSession, 5) P(C_CloseSession, 1)                  \
  P(C_CloseAllSessions, 1) P(C_GetSessionInfo, 2) P(C_GetOperationState, 3) P(C_SetOperationState, 5)        \
  P(C_Login, 4) P(C_Logout, 1) P(C_CreateObject, 4) P(C_CopyObject, 5) P(C_DestroyObject, 2)                 \
  P(C_GetObjectSize, 3) A(C_GetAttributeValue, 4) P(C_SetAttributeValue, 4) P(C_FindObjectsInit, 3)          \
  P(C_FindObjects, 4) P(C_FindObjectsFinal, 1) P(C_EncryptInit, 3) P(C_Encrypt, 5) P(C_EncryptUpdate, 5)     \
  P(C_EncryptFinal, 3) P(C_DecryptInit, 3) P(C_Decrypt, 5) P(C_DecryptUpdate, 5) P(C_DecryptFinal, 3)        \
  P(C_DigestInit, 2) P(C_Digest, 5) P(C_DigestUpdate, 3) P(C_DigestKey, 2) P(C_DigestFinal, 3)               \
  P(C_SignInit, 3) A(C_Sign, 5) P(C_SignUpdate, 3) P(C_SignFinal, 3) P(C_SignRecoverInit, 3)                 \
  P(C_SignRecover, 5) P(C_VerifyInit, 3) P(C_Verify, 5) P(C_VerifyUpdate, 3) P(C_VerifyFinal, 3)             \
  P(C_VerifyRecoverInit, 3) P(C_VerifyRecover, 5) P(C_DigestEncryptUpdate, 5) P(C_DecryptDigestUpdate, 5)    \
  P(C_SignEncryptUpdate, 5) P(C_DecryptVerifyUpdate, 5) P(C_GenerateKey, 5) A(C_GenerateKeyPair, 8)          \
  P(C_WrapKey, 6) P(C_UnwrapKey, 8) P(C_DeriveKey, 6) P(C_SeedRandom, 3) P(C_GenerateRandom, 3)              \
  P(C_GetFunctionStatus, 1) P(C_CancelFunction, 1) P(C_WaitForSlotEvent, 3)

#define INDEX(name, arity) AT_##name,
enum function { FUNCTIONS(INDEX, INDEX) FUNCTION_COUNT };

#define NAME(name, arity) #name,
static const char *const names[] = {FUNCTIONS(NAME, NAME)};

struct function_list {
  unsigned char major, minor;
  void (*calls[FUNCTION_COUNT])(void);
};

static struct function_list *real;

_Noreturn static void complain(const char *what, const char *about) {
  fprintf(stderr, "pkcs11-shim: %s: %s\n", what, about);
  abort();
}

static const char *environment(const char *name) {
  const char *value = getenv(name);
  if (!value) complain("not set", name);
  return value;
}

/* ---- rules ---- */

enum action { DELAY, HANG, KILL, ABORT, RETURN, SINCE, FLAGS, SESSIONS, DROP, FAIL, CHANGE, FLIP, REFUSE };

static const struct {
  const char *name;
  enum action action;
  int numbers;
  bool bytes;
} actions[] = {
    {"delay", DELAY, 1, false},   {"hang", HANG, 0, false},         {"kill", KILL, 0, false},
    {"abort", ABORT, 0, false},   {"return", RETURN, 1, false},     {"since", SINCE, 1, false},
    {"flags", FLAGS, 1, false},   {"sessions", SESSIONS, 1, false}, {"drop", DROP, 1, false},
    {"fail", FAIL, 2, false},     {"change", CHANGE, 1, true},      {"flip", FLIP, 0, false},
    {"refuse", REFUSE, 2, false},
};

struct bytes {
  word length;
  unsigned char at[256];
};

struct rule {
  enum action action;
  word numbers[2], first, count;
  bool after, limited;
  struct bytes value, id;
};

enum { MOST_RULES = 16, LONGEST_CONTROL = 65536 };

struct call {
  int rule_count;
  struct rule rules[MOST_RULES];
  bool refused;
  word answer;
};

static word number(char **rest) {
  const char *text = strtok_r(NULL, " ", rest);
  char *end;
  if (!text) complain("control", "a number is missing");
  errno = 0;
  const word value = strtoul(text, &end, 0);
  if (errno || *end || end == text) complain("control, not a number", text);
  return value;
}

static struct bytes hex(char **rest) {
  const char *text = strtok_r(NULL, " ", rest);
  struct bytes bytes = {0};
  if (!text || strlen(text) % 2 || strlen(text) > 2 * sizeof bytes.at) complain("control", "bad hex bytes");
  for (; *text; text += 2) {
    unsigned value;
    if (sscanf(text, "%2x", &value) != 1) complain("control, not hex", text);
    bytes.at[bytes.length++] = (unsigned char)value;
  }
  return bytes;
}

static struct rule parse(char **rest) {
  struct rule rule = {.first = 1, .count = ULONG_MAX};
  const char *text = strtok_r(NULL, " ", rest);
  const size_t known = sizeof actions / sizeof *actions;
  size_t i = 0;
  while (text && i < known && strcmp(actions[i].name, text)) i++;
  if (!text || i == known) complain("control, unknown action", text ? text : "none");
  rule.action = actions[i].action;
  for (int n = 0; n < actions[i].numbers; n++) rule.numbers[n] = number(rest);
  if (actions[i].bytes) rule.value = hex(rest);
  while ((text = strtok_r(NULL, " ", rest))) {
    if (!strcmp(text, "after")) rule.after = true;
    else if (!strcmp(text, "before")) rule.after = false;
    else if (!strcmp(text, "at")) rule.first = number(rest), rule.count = 1;
    else if (!strcmp(text, "for")) rule.count = number(rest);
    else if (!strcmp(text, "id")) rule.id = hex(rest), rule.limited = true;
    else complain("control, unknown word", text);
  }
  return rule;
}

/* Null when there is no control file: nothing misbehaves then. */
static char *read_control(void) {
  const int file = open(environment("KEYWARD_SHIM_CONTROL"), O_RDONLY | O_CLOEXEC);
  if (file < 0) return NULL;
  char *text = malloc(LONGEST_CONTROL);
  const ssize_t length = text ? read(file, text, LONGEST_CONTROL) : -1;
  close(file);
  if (length < 0 || length == LONGEST_CONTROL) complain("control", "unreadable or too long");
  text[length] = 0;
  return text;
}

static bool holds(const struct rule *rule, word nth) {
  return nth >= rule->first && nth - rule->first < rule->count;
}

/* Keeps the rules that hold for this call, the nth of its function. */
static void read_rules(enum function function, word nth, struct call *call) {
  char *text = read_control(), *lines = NULL, *rest;
  struct rule all[MOST_RULES];
  int count = 0;
  word since = 0;
  for (char *line = text ? strtok_r(text, "\n", &lines) : NULL; line; line = strtok_r(NULL, "\n", &lines)) {
    const char *name = strtok_r(line, " ", &rest);
    if (!name || strcmp(name, names[function])) continue;
    const struct rule rule = parse(&rest);
    if (rule.action == SINCE) since = rule.numbers[0];
    else if (count == MOST_RULES) complain("control, too many rules", name);
    else all[count++] = rule;
  }
  for (int i = 0; i < count; i++)
    if (nth > since && holds(&all[i], nth - since)) call->rules[call->rule_count++] = all[i];
  free(text);
}

/* ---- counting ---- */

/* Appends first, then asks where the append ended: that is the ordinal, whoever else appends meanwhile. */
static word count(const char *name) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", environment("KEYWARD_SHIM_COUNTS"), name);
  const int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || write(file, ".", 1) != 1) complain("cannot count", path);
  const off_t end = lseek(file, 0, SEEK_CUR);
  close(file);
  return (word)end;
}

/* ---- misbehaving ---- */

static void wait_ms(word ms) {
  struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
  while (nanosleep(&left, &left) && errno == EINTR) continue;
}

/* Counted, so that a test can kill a process that surely writes nothing any more. */
_Noreturn static void hang(void) {
  count("hang");
  for (;;) pause();
}

static void misbehave(struct call *call, bool after) {
  for (int i = 0; i < call->rule_count; i++) {
    const struct rule *rule = &call->rules[i];
    if (rule->after != after) continue;
    if (rule->action == DELAY) wait_ms(rule->numbers[0]);
    else if (rule->action == HANG) hang();
    else if (rule->action == KILL) kill(getpid(), SIGKILL), hang();
    else if (rule->action == ABORT) abort();
    else if (rule->action == RETURN) call->refused = true, call->answer = rule->numbers[0];
  }
}

static struct call begin(enum function function) {
  struct call call = {.rule_count = 0};
  read_rules(function, count(names[function]), &call);
  misbehave(&call, false);
  return call;
}

static word end(struct call *call) {
  misbehave(call, true);
  return call->answer;
}

/* ---- passing on ---- */

#define PARAMETERS_1 word a
#define PARAMETERS_2 PARAMETERS_1, word b
#define PARAMETERS_3 PARAMETERS_2, word c
#define PARAMETERS_4 PARAMETERS_3, word d
#define PARAMETERS_5 PARAMETERS_4, word e
#define PARAMETERS_6 PARAMETERS_5, word f
#define PARAMETERS_8 PARAMETERS_6, word g, word h
#define ARGUMENTS_1 a
#define ARGUMENTS_2 ARGUMENTS_1, b
#define ARGUMENTS_3 ARGUMENTS_2, c
#define ARGUMENTS_4 ARGUMENTS_3, d
#define ARGUMENTS_5 ARGUMENTS_4, e
#define ARGUMENTS_6 ARGUMENTS_5, f
#define ARGUMENTS_8 ARGUMENTS_6, g, h

#define REAL(name, arity) ((word(*)(PARAMETERS_##arity))real->calls[AT_##name])

#define PASS_ON(name, arity)                                                                                 \
  static word name(PARAMETERS_##arity) {                                                                     \
    struct call call = begin(AT_##name);                                                                     \
    if (!call.refused) call.answer = REAL(name, arity)(ARGUMENTS_##arity);                                   \
    return end(&call);                                                                                       \
  }
#define WRITTEN_BELOW(name, arity)
FUNCTIONS(PASS_ON, WRITTEN_BELOW)

static word C_GetTokenInfo(PARAMETERS_2) {
  struct call call = begin(AT_C_GetTokenInfo);
  struct token_info *info = (struct token_info *)b;
  if (!call.refused) call.answer = REAL(C_GetTokenInfo, 2)(a, b);
  for (int i = 0; call.answer == OK && i < call.rule_count; i++) {
    const struct rule *rule = &call.rules[i];
    if (rule->action == FLAGS) info->flags |= rule->numbers[0];
    if (rule->action == SESSIONS) info->max_sessions = info->max_rw_sessions = rule->numbers[0];
  }
  return end(&call);
}

static bool dropped(const struct call *call, word mechanism) {
  for (int i = 0; i < call->rule_count; i++)
    if (call->rules[i].action == DROP && call->rules[i].numbers[0] == mechanism) return true;
  return false;
}

/* The whole list is fetched whatever the caller asks, since a bare count must leave the dropped out too. */
static word mechanisms_left(const struct call *call, word slot, word *list, word *count) {
  word all = 0, left = 0;
  word answer = REAL(C_GetMechanismList, 3)(slot, 0, (word)&all);
  word *mechanisms = calloc(all + 1, sizeof *mechanisms);
  if (answer == OK) answer = REAL(C_GetMechanismList, 3)(slot, (word)mechanisms, (word)&all);
  for (word i = 0; answer == OK && i < all; i++)
    if (!dropped(call, mechanisms[i])) mechanisms[left++] = mechanisms[i];
  if (answer == OK && list && *count < left) answer = BUFFER_TOO_SMALL;
  else if (answer == OK && list) memcpy(list, mechanisms, left * sizeof *list);
  *count = left;
  free(mechanisms);
  return answer;
}

static word C_GetMechanismList(PARAMETERS_3) {
  struct call call = begin(AT_C_GetMechanismList);
  if (!call.refused) call.answer = mechanisms_left(&call, a, (word *)b, (word *)c);
  return end(&call);
}

static bool concerns(const struct rule *rule, word session, word object) {
  if (!rule->limited) return true;
  unsigned char id[sizeof rule->id.at];
  struct attribute asked = {ATTRIBUTE_ID, id, sizeof id};
  return REAL(C_GetAttributeValue, 4)(session, object, (word)&asked, 1) == OK &&
         asked.length == rule->id.length && !memcmp(id, rule->id.at, asked.length);
}

/* `room` is what the caller's buffer held before the module wrote its own length over it. */
static word alter(const struct rule *rule, struct attribute *attribute, word room) {
  const bool fits = !attribute->value || room >= rule->value.length;
  attribute->length = rule->action == CHANGE && fits ? rule->value.length : UNAVAILABLE;
  if (rule->action == FAIL) return rule->numbers[1];
  if (fits && attribute->value) memcpy(attribute->value, rule->value.at, rule->value.length);
  return fits ? OK : BUFFER_TOO_SMALL;
}

static word C_GetAttributeValue(PARAMETERS_4) {
  struct call call = begin(AT_C_GetAttributeValue);
  struct attribute *template = (struct attribute *)c;
  word *rooms = calloc(d + 1, sizeof *rooms);
  for (word n = 0; n < d; n++) rooms[n] = template[n].length;
  if (!call.refused) call.answer = REAL(C_GetAttributeValue, 4)(a, b, c, d);
  for (int i = 0; !call.refused && i < call.rule_count; i++) {
    const struct rule *rule = &call.rules[i];
    if ((rule->action != FAIL && rule->action != CHANGE) || !concerns(rule, a, b)) continue;
    for (word n = 0; n < d; n++)
      if (template[n].type == rule->numbers[0]) call.answer = alter(rule, &template[n], rooms[n]);
  }
  free(rooms);
  return end(&call);
}

static word C_Sign(PARAMETERS_5) {
  struct call call = begin(AT_C_Sign);
  unsigned char *signature = (unsigned char *)d;
  if (!call.refused) call.answer = REAL(C_Sign, 5)(a, b, c, d, e);
  for (int i = 0; !call.refused && i < call.rule_count; i++)
    if (call.rules[i].action == FLIP && call.answer == OK && signature) signature[*(word *)e - 1] ^= 1;
  return end(&call);
}

static bool has(const struct attribute *template, word count, word type) {
  for (word n = 0; n < count; n++)
    if (template[n].type == type) return true;
  return false;
}

static word C_GenerateKeyPair(PARAMETERS_8) {
  struct call call = begin(AT_C_GenerateKeyPair);
  for (int i = 0; !call.refused && i < call.rule_count; i++) {
    const struct rule *rule = &call.rules[i];
    if (rule->action != REFUSE) continue;
    if (!has((struct attribute *)c, d, rule->numbers[0]) && !has((struct attribute *)e, f, rule->numbers[0])) continue;
    call.refused = true;
    call.answer = rule->numbers[1];
  }
  if (!call.refused) call.answer = REAL(C_GenerateKeyPair, 8)(a, b, c, d, e, f, g, h);
  return end(&call);
}

/* ---- the list ---- */

word C_GetFunctionList(PARAMETERS_1);

#define ENTRY(name, arity) (void (*)(void))name,
static struct function_list own = {2, 40, {FUNCTIONS(ENTRY, ENTRY)}};

static void load(void) {
  const char *path = environment("KEYWARD_SHIM_MODULE");
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!module) complain("cannot load", dlerror());
  word (*get)(struct function_list **) = (word(*)(struct function_list **))dlsym(module, "C_GetFunctionList");
  if (!get || get(&real) != OK) complain("no function list", path);
}

word C_GetFunctionList(PARAMETERS_1) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  struct call call = begin(AT_C_GetFunctionList);
  if (!call.refused) *(struct function_list **)a = &own;
  return end(&call);
}
