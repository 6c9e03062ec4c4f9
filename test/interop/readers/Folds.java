import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Prints pairs of names that Java takes for one when it ignores case, in the languages that have rules of their own. */
class Folds {
  /** The planes beyond hold ideographs and nothing else that is read. */
  private static final int LAST_WITH_CASE = 0x1ffff;

  public static void main(String[] arguments) {
    var pairs = new StringBuilder();
    for (int point = 0; point <= LAST_WITH_CASE; point++) {
      if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) continue;
      var text = Character.toString(point);
      List<String> others = new ArrayList<>();
      for (var language : List.of("", "tr", "lt")) {
        others.add(text.toLowerCase(Locale.forLanguageTag(language)));
        others.add(text.toUpperCase(Locale.forLanguageTag(language)));
      }
      others.add(Character.toString(Character.toLowerCase(Character.toUpperCase(point))));
      for (var other : others) if (!other.equals(text)) pairs.append(json(text, other));
    }
    System.out.writeBytes(pairs.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static String json(String one, String other) {
    return "[\"" + one + "\",\"" + other + "\"]\n";
  }
}
