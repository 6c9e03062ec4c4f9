import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.URI;
import java.util.Set;

public class Verify {
  public static void main(String[] args) throws Exception {
    var keys = JWKSourceBuilder.<SecurityContext>create(URI.create(args[0]).toURL())
        .cache(60_000, 15_000)
        .refreshAheadCache(false)
        .rateLimited(30_000)
        .build();
    var processor = new DefaultJWTProcessor<SecurityContext>();
    processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.ES256, keys));
    var verifier = new DefaultJWTClaimsVerifier<SecurityContext>(
        args[2], new JWTClaimsSet.Builder().issuer(args[1]).build(), Set.of("exp", "iat"));
    verifier.setMaxClockSkew(0);
    processor.setJWTClaimsSetVerifier(verifier);
    try {
      var token = new String(System.in.readAllBytes()).trim();
      System.out.println("accepted " + processor.process(token, null).getSubject());
    } catch (Exception refused) {
      System.err.println("refused: " + refused.getMessage());
      System.exit(1);
    }
  }
}
