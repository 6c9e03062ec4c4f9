import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import java.util.List;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.introspection.BadOpaqueTokenException;
import org.springframework.security.oauth2.server.resource.introspection.SpringOpaqueTokenIntrospector;

public class TrySpring {
  public static void main(String[] args) throws Exception {
    Library.tried("Spring Security " + Library.version(NimbusJwtDecoder.class) + ", client_secret_basic", new Library.Attempts() {
      public void verify(String token, Library.Scope scope) {
        var decoder = NimbusJwtDecoder.withJwkSetUri(scope.jwksUri())
            .jwsAlgorithm(SignatureAlgorithm.from(scope.algorithm()))
            .jwtProcessorCustomizer(processor -> processor.setJWSTypeVerifier(
                new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt"))))
            .build();
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
            new JwtIssuerValidator(scope.issuer()),
            new JwtClaimValidator<List<String>>(
                JwtClaimNames.AUD, audiences -> audiences != null && audiences.contains(scope.audience())),
            new JwtTimestampValidator()));
        decoder.decode(token);
      }

      public Boolean introspect(String token, Library.Task task) {
        try {
          SpringOpaqueTokenIntrospector.withIntrospectionUri(task.introspectionEndpoint())
              .clientId(task.clientId())
              .clientSecret(task.clientSecret())
              .build()
              .introspect(token);
          return true;
        } catch (BadOpaqueTokenException inactive) {
          return false;
        }
      }

      public String discover(String issuer) {
        org.springframework.security.oauth2.jwt.JwtDecoders.fromIssuerLocation(issuer);
        return Library.FOUND;
      }
    });
  }
}
