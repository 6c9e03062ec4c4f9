import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;

public class TryJose4j {
  public static void main(String[] args) throws Exception {
    Library.tried("jose4j " + Library.version(HttpsJwks.class), new Library.Attempts() {
      public void verify(String token, Library.Scope scope) throws Exception {
        new JwtConsumerBuilder()
            .setVerificationKeyResolver(new HttpsJwksVerificationKeyResolver(new HttpsJwks(scope.jwksUri())))
            .setJwsAlgorithmConstraints(ConstraintType.PERMIT, scope.algorithm())
            .setExpectedType(true, "at+jwt")
            .setExpectedIssuer(scope.issuer())
            .setExpectedAudience(scope.audience())
            .setRequireExpirationTime()
            .build()
            .processToClaims(token);
      }
    });
  }
}
