/** Ballast's mark: a balance. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true">
      <path d="M10 2v14M4 6h12M4 6l-2.500 5.500h5zM16 6l-2.500 5.500h5zM6 17.500h8" />
    </svg>
  );
}
