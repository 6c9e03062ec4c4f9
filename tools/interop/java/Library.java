import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.StreamSupport;

/** One library, tried as the task on standard input says; what came of it goes to standard output. */
class Library {
  record Scope(String algorithm, String issuer, String audience, String jwksUri, String right, String foreign) {}

  record Task(String clientId, String clientSecret, String introspectionEndpoint, String revocationEndpoint) {}

  /** Of `discover` where a library keeps to itself what it found. */
  static final String FOUND = "found";

  /** Null where the library has no such thing. */
  interface Attempts {
    void verify(String token, Scope scope) throws Exception;

    default Boolean introspect(String token, Task task) throws Exception {
      return null;
    }

    default Boolean revoke(String token, Task task) throws Exception {
      return null;
    }

    default String discover(String issuer) throws Exception {
      return null;
    }
  }

  static String version(Class<?> of) {
    var jar = of.getProtectionDomain().getCodeSource().getLocation().getPath();
    return jar.replaceAll(".*-([0-9].*)\\.jar", "$1");
  }

  static void tried(String library, Attempts attempts) throws Exception {
    var json = new ObjectMapper();
    var given = json.readTree(System.in);
    var task = new Task(
        text(given, "client_id"), text(given, "client_secret"),
        text(given, "introspection_endpoint"), text(given, "revocation_endpoint"));
    var scopes = StreamSupport.stream(given.get("scopes").spliterator(), false).map(Library::scope).toList();
    var tokens = new LinkedHashMap<String, Object>();
    for (var scope : scopes) {
      tokens.put(scope.algorithm(), Map.of(
          "right", accepts(attempts, scope.right(), scope), "foreign", accepts(attempts, scope.foreign(), scope)));
    }
    var first = scopes.get(0);
    var result = new LinkedHashMap<String, Object>();
    result.put("library", library);
    result.put("tokens", tokens);
    var right = answer(() -> attempts.introspect(first.right(), task));
    var foreign = answer(() -> attempts.introspect(first.foreign(), task));
    result.put("introspection", right == null ? null : Map.of("right", right, "foreign", foreign));
    result.put("revocation", answer(() -> attempts.revoke(text(given, "revocable"), task)));
    result.put("discovery", answer(() -> {
      var found = attempts.discover(first.issuer());
      return found == null ? null : found.equals(FOUND) || found.equals(first.jwksUri());
    }));
    json.writeValue(System.out, result);
  }

  private static boolean accepts(Attempts attempts, String token, Scope scope) {
    return Boolean.TRUE.equals(answer(() -> {
      attempts.verify(token, scope);
      return true;
    }));
  }

  private static Boolean answer(Callable<Boolean> attempt) {
    try {
      return attempt.call();
    } catch (Exception refused) {
      if (System.getenv("INTEROP_VERBOSE") != null) refused.printStackTrace();
      return false;
    }
  }

  private static Scope scope(JsonNode of) {
    return new Scope(text(of, "algorithm"), text(of, "issuer"), text(of, "audience"),
        text(of, "jwks_uri"), text(of, "right"), text(of, "foreign"));
  }

  private static String text(JsonNode of, String member) {
    return of.get(member).asText();
  }
}
