import { Button, Input, SearchField } from 'react-aria-components';
import { Icon } from './icon.tsx';

export interface SearchBoxProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Text to search for; Escape empties it. */
export function SearchBox({ label, placeholder, value, onChange }: SearchBoxProps) {
  return (
    <SearchField className="search-box" aria-label={label} value={value} onChange={onChange}>
      <Icon name="search" size={14} />
      <Input placeholder={placeholder} />
      <Button className="search-clear">
        <Icon name="cross" size={12} />
      </Button>
    </SearchField>
  );
}
