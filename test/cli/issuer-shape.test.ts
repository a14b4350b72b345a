import { describe, expect, test } from "vitest";
import { shapeOf } from "../../cli/issuer/issuer-shape.ts";
import { issuerOfShape } from "../../offline/cluster/issuer-shape.ts";

describe("an issuer's URL tells the kind of its cluster", () => {
  test.for([
    { shape: "eks", title: "EKS", isShared: false },
    { shape: "gke", title: "GKE", isShared: false },
    { shape: "aks", title: "AKS", isShared: false },
    { shape: "kind", title: "kubeadm, kind or k3s with their default issuer", isShared: true },
  ] as const)("$shape", ({ shape, title, isShared }) => {
    expect(shapeOf(issuerOfShape(shape, "prod").issuer)).toMatchObject({ title, isShared });
  });

  test.for([
    { url: "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/B0678ED568FC12BBC37256BBA2A4BB53", title: "EKS" },
    { url: "https://oidc.prod-aks.azure.com/t/u/", title: "AKS" },
    { url: "https://kubernetes.default.svc", title: "kubeadm, kind or k3s with their default issuer" },
    { url: "https://kubernetes.default.svc.example.com", title: "a cluster with an issuer of its own" },
    {
      url: "https://oidc.eks.eu-west-1.amazonaws.com.evil.example/id/B0678ED568FC12BBC37256BBA2A4BB53",
      title: "a cluster with an issuer of its own",
    },
  ])("$url is $title", ({ url, title }) => {
    expect(shapeOf(url).title).toBe(title);
  });

  test.for([
    { url: "https://eastus.oic.prod-aks.azure.com/t/u", note: "AKS issuers end with a `/`" },
    {
      url: "https://oidc.eks.eu-west-1.amazonaws.com/id/B0678ED568FC12BBC37256BBA2A4BB53/",
      note: "an EKS issuer is https://oidc.eks.<region>",
    },
    {
      url: "https://oidc.eks.eu-west-1.amazonaws.com/id/b0678ed568fc12bbc37256bba2a4bb53",
      note: "an EKS issuer is https://oidc.eks.<region>",
    },
  ])("$url is nearly one", ({ url, note }) => {
    expect(shapeOf(url).notes.join()).toContain(note);
  });
});
